"""Questions that a caller who wants to learn too much would ask, in many forms, and one that asks for everything."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, parse, validate

from resolvers.prepared import PreparedDocument
from resolvers.schema import build, executable
from tests.world.cast import NUMBER, OIDS
from tests.world.places import A_SCHOOL, A, B, C, D
from tests.world.rights import learner, right_oid

ORGANISATIONS = {"A": A, "School": A_SCHOOL, "B": B, "C": C, "D": D}

VARIABLES: Mapping[str, Any] = {
    **{f"p{number}": oid for number, oid in OIDS.items()},
    "nobody": learner(99_999),
    "noRight": right_oid(99_999),
    **{f"r{name.replace(' ', '')}": right_oid(number) for name, number in NUMBER.items()},
    "yes": True,
    "no": False,
}

_PEOPLE = ", ".join(f"$p{number}: LearnerOid!" for number in OIDS)
_SOME_RIGHTS = (
    "1A",
    "1B",
    "1C",
    "1D",
    "1Aold",
    "2A",
    "2B",
    "2C",
    "2D",
    "3A",
    "3C",
    "8A",
    "8B",
    "9A",
    "9B",
    "10Asecond",
)
_RIGHT_VARIABLES = ", ".join(f"$r{name}: StudyRightOid!" for name in _SOME_RIGHTS)


def _of_everyone(selection: str) -> str:
    return f"query({_PEOPLE}) {{ " + " ".join(f"s{n}: student(oid: $p{n}) {{ {selection} }}" for n in OIDS) + " }"


def _of_rights(root: str, argument: str, selection: str) -> str:
    roots = " ".join(f"of{name}: {root}({argument}: $r{name}) {{ {selection} }}" for name in _SOME_RIGHTS)
    return f"query({_RIGHT_VARIABLES}) {{ {roots} }}"


QUERIES: Mapping[str, str] = {
    # --- existence and shape
    "whether each student is there": _of_everyone("__typename"),
    "names": _of_everyone("oid name"),
    "nobody": "query($nobody: LearnerOid!) { student(oid: $nobody) { oid name hoksit { version } } }",
    "no right": "query($noRight: StudyRightOid!) { hoks(studyRightOid: $noRight) { version } "
    "studyRight(oid: $noRight) { oid } }",
    "viewer": "{ viewer { oid role organisation heldRoles { role organisation } } }",
    "typenames all the way down": _of_everyone(
        "__typename studyRights { __typename provider { __typename } } hoksit { __typename "
        "plannedVocationalUnits { __typename acquisitions { __typename } } } combinedUnits { __typename }"
    ),
    # --- rights
    "rights": _of_everyone("studyRights { oid provider { oid name { fi } } phase state startDate endDate }"),
    "links": _of_everyone("studyRights { oid includedIn { oid schoolOid } purchased findings { code place } }"),
    "right by right": _of_rights(
        "studyRight", "oid", "oid studentOid phase periods { startDate state } school { oid }"
    ),
    "a right's qualification": _of_rights(
        "studyRight", "oid", "qualifications { code { uri } } version findings { code }"
    ),
    # --- plans
    "plans": _of_everyone("hoksit { studyRightOid provider { oid } firstApprovedOn version }"),
    "plan by right": _of_rights("hoks", "studyRightOid", "studyRightOid version firstApprovedOn updatedAt"),
    "the right of a plan": _of_rights("hoks", "studyRightOid", "studyRight { oid phase findings { code item } }"),
    "contact data": _of_everyone("hoksit { studentEmail studentPhone }"),
    "instructors' contact data": _of_everyone(
        "workplaceLearning { acquisition { workplaceLearning { responsibleWorkplaceInstructor "
        "{ name email phone } workplaceName } } }"
    ),
    "only an instructor's contact data": _of_rights(
        "hoks",
        "studyRightOid",
        "plannedVocationalUnits { acquisitions { workplaceLearning { responsibleWorkplaceInstructor { email } } } }",
    ),
    "sensitive items": _of_everyone(
        "hoksit { learningSupport { supportType { uri } } studiesSupportingStudySkills { name description } "
        "plannedVocationalUnits { deviationFromRequirements essentialCircumstanceExists "
        "demonstrations { individualAssessmentCriteria deviationFromRequirements } } }"
    ),
    "a plan's findings": _of_everyone(
        "hoksit { findings { code item place severity message { fi } } } findings { code }"
    ),
    "ids of parts": _of_everyone(
        "hoksit { plannedVocationalUnits { id sourceKey acquisitions { id } demonstrations { id } } "
        "priorCommonUnits { id subareas { id } } }"
    ),
    # --- drawn views
    "units side by side": _of_everyone(
        "combinedUnits { kind unit { uri } name occurrences { studyRightOid provider { oid } partId standing "
        "recognitionProcess } }"
    ),
    "periods in combined units": _of_everyone(
        "combinedUnits { occurrences { acquisitions { startDate endDate mode } } }"
    ),
    "workplaces": _of_everyone("workplaceLearning { studyRightOid unit { uri } acquisition { startDate endDate } }"),
    "what plans say together": _of_everyone(
        "hints { kind matchedBy startDate endDate workingTimePercent evidence { studyRightOid partId basis "
        "unit { uri } unitName startDate endDate workingTimePercent items } }"
    ),
    "how many hints": _of_everyone("hints { __typename } combinedUnits { hints { __typename } }"),
    "guidance and progress": _of_everyone(
        "hoksit { guidancePhase { phase reason careerPlanGoal { uri } } progress { planned ahead underWay demonstrated "
        "undated recognised beingRecognised otherPrior competencePointsPlanned isOfWholePlan } }"
    ),
    "guidance by right": _of_rights("hoks", "studyRightOid", "guidancePhase { phase } progress { planned recognised }"),
    "a page of the timeline": _of_everyone(
        "timeline(first: 3) { edges { cursor node { kind startDate endDate studyRightOid partId items } } "
        "pageInfo { hasNextPage endCursor } }"
    ),
    "some days of the timeline": _of_everyone(
        'timeline(from: "2026-09-01", to: "2026-10-05") { edges { node { kind unit { uri } } } '
        "pageInfo { hasNextPage } }"
    ),
    # --- provenance and sources
    "provenance": _of_everyone(
        "studyRights { provenance { source provider { oid } asOf } } hoksit { provenance { source fetchedAt stale } "
        "plannedLocalUnits { provenance { source } } }"
    ),
    "sources of a student": _of_everyone("sources { source outcome provider { oid } fetchedAt asOf stale }"),
    "my sources": "{ sources { source outcome stale } }",
    # --- lists
    "one student": "{ students(first: 1) { edges { node { oid name } cursor } pageInfo { hasNextPage endCursor } } }",
    "two students": "{ students(first: 2) { edges { node { oid } cursor } pageInfo { hasNextPage endCursor } } }",
    "seven students": "{ students(first: 7) { edges { node { oid hoksit { version } } } pageInfo { hasNextPage } } }",
    "all students": "{ students(first: 50) { edges { node { name studyRights { oid phase } "
    "sources { source outcome } } } pageInfo { hasNextPage endCursor } } }",
    # --- many at once
    "a group": '{ guidanceGroup(id: "everybody") { id notRead students { name responsibleTeachers '
    'firstApprovedOn phase state } } late: guidanceGroup(id: "everybody", theme: PROGRESS) { students { name } } '
    'none: guidanceGroup(id: "none") { id } }',
    "findings to mend": "{ "
    + " ".join(
        f'of{letter}: findings(organisationOid: "{oid}", first: 20) {{ notRead edges {{ cursor node {{ code item place '
        "studyRightOid studentOid partId } } pageInfo { hasNextPage endCursor } }"
        for letter, oid in ORGANISATIONS.items()
    )
    + " }",
    "counts": "{ "
    + " ".join(
        f'of{letter}: guidanceSummary(organisationOid: "{oid}") {{ notRead teachers {{ responsibleTeacher isFolded '
        "students approved updated states { state students } phases { phase students } } }"
        for letter, oid in ORGANISATIONS.items()
    )
    + " }",
    # --- syntax
    "the same student twice under aliases": "query($p1: LearnerOid!) { a: student(oid: $p1) { n: name } "
    "b: student(oid: $p1) { v: hoksit { version } c: hoksit { m: studentEmail } } }",
    "named fragments": "query($p1: LearnerOid!, $p8: LearnerOid!, $p9: LearnerOid!) { one: student(oid: $p1) { ...S } "
    "eight: student(oid: $p8) { ...S } "
    "nine: student(oid: $p9) { ...S } } fragment S on Student { name ...H } "
    "fragment H on Student { hoksit { ...P } } fragment P on Hoks { studentEmail studyRightOid "
    "plannedVocationalUnits { ...U } } fragment U on PlannedVocationalUnit { unit { uri } "
    "essentialCircumstanceExists }",
    "inline fragments": "query($p2: LearnerOid!, $p10: LearnerOid!) { two: student(oid: $p2) { ... on Student { ... { "
    "hoksit { ... on Hoks { version studyRight { ... on StudyRight { oid } } } } } } } "
    "ten: student(oid: $p10) { hoksit { ... on Hoks { studyRightOid } } sources { ... { outcome } } } }",
    "directives": "query($p1: LearnerOid!, $yes: Boolean!, $no: Boolean = false) { student(oid: $p1) { "
    "name @include(if: $yes) hoksit @skip(if: $no) { studentEmail @include(if: $no) "
    "careerPlanGoal @skip(if: $no) { uri } version } ... @include(if: $no) { findings { code } } } }",
    "a student by someone else's right": "query($r1A: StudyRightOid!, $p4: LearnerOid!) { "
    "hoks(studyRightOid: $r1A) { studentOid } student(oid: $p4) { oid } }",
    "mixed roots": "query($p3: LearnerOid!, $r3C: StudyRightOid!) { viewer { oid } sources { source outcome } "
    "student(oid: $p3) { hoksit { studyRightOid } } studyRight(oid: $r3C) { oid } "
    "hoks(studyRightOid: $r3C) { version } students(first: 3) { edges { node { oid } } } }",
}


ALWAYS = frozenset({"two students", "plan by right", "a group"})
"""The questions that show most."""


def fragments_of_everything() -> str:
    """One fragment for each type that a student leads to, with every field; ``FStudent`` is the first to ask."""
    schema = executable(build())
    return "\n".join(_fragment(schema.type_map[name]) for name in sorted(_reached(schema)))


def _everything() -> str:
    """Every field of every student."""
    return _of_everyone("...FStudent") + "\n" + fragments_of_everything()


def _fragment(graph_type: Any) -> str:
    fields = " ".join(_selected(name, field) for name, field in graph_type.fields.items())
    return f"fragment F{graph_type.name} on {graph_type.name} {{ {fields} }}"


def _selected(name: str, field: Any) -> str:
    held = get_named_type(field.type)
    return f"{name} {{ ...F{held.name} }}" if isinstance(held, GraphQLObjectType) else name


def _reached(schema: GraphQLSchema) -> set[str]:
    reached, waiting = set[str](), ["Student"]
    while waiting:
        name = waiting.pop()
        graph_type = schema.type_map[name]
        if name not in reached and isinstance(graph_type, GraphQLObjectType):
            reached.add(name)
            waiting += [get_named_type(field.type).name for field in graph_type.fields.values()]
    return reached


@cache
def documents() -> Mapping[str, PreparedDocument]:
    """Every question, parsed and valid."""
    schema = executable(build())
    parsed = {name: PreparedDocument(parse(text)) for name, text in {**QUERIES, "everything": _everything()}.items()}
    for name, document in parsed.items():
        faults = validate(schema, document.node)
        assert not faults, f"{name}: {faults[0].message}"
    return parsed
