"""Every coordinate of a person's data has exactly one policy entry, and nothing below a root is more than a read."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, cast

import pytest
import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    parse,
)
from strawberry.schema.config import StrawberryConfig

from hoks.items import Item, item, kept_by_gateway, listed
from hoks.records import Record
from hoks.timeline import TimelineEntry
from hoks.values import Value
from resolvers.coordinates import WITHOUT_PERSONAL_DATA, policy_entries, selected_coordinates
from resolvers.filled import FILLED
from resolvers.scalars import SCALARS
from resolvers.schema import build, executable, sdl
from resolvers.types import graph_type

SCHEMA = build()
GRAPH = executable(SCHEMA)
ENTRIES = policy_entries(GRAPH)

VALUES = {
    "AcceptedAppointment",
    "AcceptedShare",
    "Code",
    "CompetenceArea",
    "ConsentText",
    "DemonstrationEnvironment",
    "Disclosure",
    "DisclosureConnection",
    "DisclosureEdge",
    "EndedAppointment",
    "GivenConsent",
    "GivenShare",
    "IncludedIn",
    "Interruption",
    "MadeShare",
    "NewAppointment",
    "Organisation",
    "OtherLearningEnvironment",
    "PlanAppointment",
    "Provenance",
    "ProviderAssessor",
    "ProviderPerson",
    "Qualification",
    "StatePeriod",
    "Term",
    "Text",
    "WorkingLifeAssessor",
}
"""By hand: types whose fields are seen where the field that holds them is seen."""


def object_types() -> dict[str, GraphQLObjectType]:
    """The graph's own object types."""
    return {
        name: each
        for name, each in GRAPH.type_map.items()
        if isinstance(each, GraphQLObjectType) and not name.startswith("__")
    }


def coordinates() -> set[str]:
    """Every coordinate of every type that is a record of a person's data."""
    return {
        f"{name}.{field}"
        for name, each in object_types().items()
        if name not in VALUES | WITHOUT_PERSONAL_DATA
        for field in each.fields
    }


def selected(text: str, variables: Mapping[str, Any] | None = None, over: GraphQLSchema = GRAPH) -> set[str]:
    """What an operation selects."""
    document = parse(text)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return set(selected_coordinates(over, operation, fragments, variables or {}))


def test_every_coordinate_of_a_persons_data_has_exactly_one_entry_and_no_other_has() -> None:
    assert set(ENTRIES) == coordinates()


@pytest.mark.parametrize(
    ("coordinate", "items"),
    [
        ("Student.name", {"ID"}),
        ("StudyRight.phase", {"SR"}),
        ("Hoks.firstApprovedOn", {"D1"}),
        ("StudyRight.qualifications", {"D2q"}),
        ("PlannedVocationalUnit.unit", {"D2u"}),
        ("PriorVocationalUnit.unit", {"D3", "D4", "D5"}),
        ("PlannedVocationalUnit.deviationFromRequirements", {"D6u"}),
        ("CompetenceDemonstration.deviationFromRequirements", {"D6d"}),
        ("Hoks.competenceAcquisitionNeeded", {"D7"}),
        ("PlannedCommonUnitSubarea.essentialCircumstanceExists", {"D8"}),
        ("Hoks.learningSupport", {"D9"}),
        ("LearningSupport.supportType", {"D9"}),
        ("StudySkillsStudies.description", {"D9"}),
        ("CompetenceDemonstration.environment", {"D10"}),
        ("CompetenceDemonstration.individualAssessmentCriteria", {"D11b"}),
        ("AssessorReferral.assessors", {"D12"}),
        ("AssessorReferral.sentForAssessmentOn", {"D4"}),
        ("Hoks.careerPlanGoal", {"D13"}),
        ("CompetenceAcquisition.periodDetail", {"G"}),
        ("CompetenceAcquisition.interruptions", {"Gi"}),
        ("CompetenceAcquisition.startDate", {"G", "W4", "W5"}),
        ("CompetenceAcquisition.otherLearningEnvironments", {"G", "W5"}),
        ("WorkplaceInstructor.name", {"W1"}),
        ("CompetenceAcquisition.procuringProviderRepresentative", {"W2"}),
        ("WorkplaceLearning.keyTasks", {"W3"}),
        ("Hoks.studentEmail", {"Cs"}),
        ("WorkplaceInstructor.phone", {"Ci"}),
        ("Hoks.version", {"X"}),
        ("CompetenceAcquisition.workingTimePercent", {"X"}),
    ],
)
def test_a_coordinate_is_the_item_that_ehoks_10_1_says(coordinate: str, items: set[str]) -> None:
    assert {each.value for each in ENTRIES[coordinate].items} == items


def schema_of(kind: type[Any]) -> Any:
    """A schema with one more type."""

    class Query:
        pass

    Query.__annotations__ = {"more": kind}
    return executable(strawberry.Schema(strawberry.type(Query), config=StrawberryConfig(scalar_map=SCALARS)))


def test_a_type_that_nobody_classified_stops_the_build() -> None:
    class Grade:
        value: int

    with pytest.raises(TypeError, match="type Grade is neither a record nor a value"):
        policy_entries(schema_of(strawberry.type(Grade)))


def test_a_field_of_a_record_that_nobody_classified_stops_the_build() -> None:
    class Unclassified(Record, frozen=True, gc=False):
        grade: int | None = None

    with pytest.raises(TypeError, match=r"Unclassified\.grade has 0 classifications"):
        graph_type(Unclassified)


def test_a_field_with_two_classifications_stops_the_build() -> None:
    class Twice(Record, frozen=True, gc=False):
        grade: Annotated[int | None, item(Item.D3, "A grade."), item(Item.D5, "A grade.")] = None

    with pytest.raises(TypeError, match=r"Twice\.grade has 2 classifications"):
        graph_type(Twice)


def test_a_field_added_to_the_graphs_type_of_a_record_stops_the_build() -> None:
    class Student:
        oid: str
        grade: int

    with pytest.raises(TypeError, match=r"Student\.grade has no policy entry"):
        policy_entries(schema_of(strawberry.type(Student)))


def test_a_value_without_a_description_stops_the_build() -> None:
    class Silent(Value, frozen=True, gc=False):
        grade: int | None = None

    class Holder(Record, frozen=True, gc=False):
        silent: Annotated[Silent | None, item(Item.D3, "Holds it.")] = None

    with pytest.raises(TypeError, match=r"Silent\.grade needs a description"):
        graph_type(Holder)


KEPT = {"Student.consents", "Student.shares", "Student.disclosures"}
"""By hand: what the gateway keeps of a student, filled in for that student alone."""
LISTED = {"Student.timeline"}
"""By hand: what is drawn page by page when it is asked for."""


def test_below_a_root_every_field_is_a_read_of_an_attribute_but_what_is_kept_or_listed() -> None:
    record_types = {name for name, each in object_types().items() if name not in {"Query", "Mutation"}}
    resolving = []
    for name in record_types:
        for field_name, field in object_types()[name].fields.items():
            definition = (field.extensions or {}).get("strawberry-definition")
            is_plain = definition is not None and definition.base_resolver is None and not definition.permission_classes
            takes_arguments = bool(field.args)
            has_extensions = bool(definition is not None and definition.extensions)
            if not is_plain or takes_arguments or has_extensions:
                resolving.append(f"{name}.{field_name}")
    assert set(resolving) == KEPT | LISTED


def test_what_the_gateway_keeps_has_an_entry_that_says_so_is_of_no_item_and_nullable() -> None:
    assert {name for name, entry in ENTRIES.items() if entry.is_kept} == KEPT
    for name in KEPT:
        type_name, field = name.split(".")
        assert ENTRIES[name].items == frozenset()
        assert not str(object_types()[type_name].fields[field].type).endswith("!")


def test_what_is_kept_and_that_nothing_fills_in_stops_the_build() -> None:
    class Diary(Record, frozen=True, gc=False):
        pages: Annotated[tuple[str, ...] | None, kept_by_gateway("Pages.")] = None

    with pytest.raises(TypeError, match=r"Diary\.pages: what the gateway keeps, and nothing else, is filled in"):
        graph_type(Diary)


def test_what_is_listed_and_that_nothing_draws_stops_the_build() -> None:
    class Days(Record, frozen=True, gc=False):
        days: Annotated[tuple[TimelineEntry, ...] | None, listed("Days.")] = None

    with pytest.raises(TypeError, match=r"Days\.days: what is listed page by page, and nothing else, is drawn"):
        graph_type(Days)


def test_what_is_filled_in_and_not_classified_as_kept_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    class Marks(Record, frozen=True, gc=False):
        best: Annotated[int | None, item(Item.D3, "The best.")] = None

    monkeypatch.setitem(cast(dict[str, Any], FILLED), "Marks.best", FILLED["Student.consents"])
    with pytest.raises(TypeError, match=r"Marks\.best: what the gateway keeps, and nothing else, is filled in"):
        graph_type(Marks)


def test_every_row_of_what_is_filled_in_is_a_field_of_the_graph() -> None:
    assert set(FILLED) == KEPT


def test_no_mutation_answers_with_a_record_of_a_students_data() -> None:
    reached, waiting = set[str](), ["Mutation"]
    while waiting:
        name = waiting.pop()
        if name in object_types() and name not in reached:
            reached.add(name)
            waiting += [get_named_type(field.type).name for field in object_types()[name].fields.values()]
    assert reached <= VALUES | WITHOUT_PERSONAL_DATA
    assert "GivenConsent" in reached


@pytest.mark.parametrize("name", sorted(coordinates()))
def test_a_controlled_field_is_nullable_in_the_schema(name: str) -> None:
    type_name, field_name = name.split(".")
    field = object_types()[type_name].fields[field_name]
    is_controlled = bool(ENTRIES[name].items)
    assert not is_controlled or not str(field.type).endswith("!")


def records() -> dict[str, type[Record]]:
    """Record types by name."""
    found: dict[str, type[Record]] = {}
    waiting: list[type[Record]] = [Record]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found


ATTACHED = {
    "id",
    "partId",
    "sources",
    "responsibleTeachers",
    "remedy",
    "place",
    "severity",
    "message",
    "item",
    "items",
    "isOfWholePlan",
}
"""By hand: fields that go with their record, such as its id."""


LISTS_OF_ONE_ITEM = {"Hoks.learningSupport", "Hoks.studiesSupportingStudySkills"}
"""By hand: lists of records that are one item as a whole, and say so themselves."""


@cache
def printed_types() -> dict[str, list[str]]:
    """The lines of each type as it is printed."""
    blocks = (block.partition(" {\n") for block in sdl(SCHEMA).split("\ntype ")[1:])
    return {name: body.partition("\n}\n")[0].splitlines() for name, _, body in blocks}


@pytest.mark.parametrize("name", sorted(coordinates()))
def test_every_leaf_of_a_record_shows_its_item_in_the_printed_schema(name: str) -> None:
    type_name, field_name = name.split(".")
    held = get_named_type(object_types()[type_name].fields[field_name].type)
    is_leaf = isinstance(held, GraphQLScalarType | GraphQLEnumType) or held.name in VALUES
    lines = printed_types()[type_name]
    (line,) = (each for each in lines if each.strip().startswith((f"{field_name}:", f"{field_name}(")))
    needs_item = (is_leaf and name not in KEPT and field_name not in ATTACHED) or name in LISTS_OF_ONE_ITEM
    assert ("@item(code: [" in line) == needs_item


# --- what an operation selects --------------------------------------------------------------------------------


def test_coordinates_are_found_through_aliases_and_fragments() -> None:
    text = """
      { a: student(oid: "x") { b: name ...F ... on Student { hoksit { ... { version } } } } }
      fragment F on Student { studyRights { c: phase } }
    """
    assert selected(text) == {
        "Query.student",
        "Student.name",
        "Student.studyRights",
        "StudyRight.phase",
        "Student.hoksit",
        "Hoks.version",
    }


def test_coordinates_are_found_in_what_may_be_of_several_types() -> None:
    text = """
      { _entities(representations: []) { __typename ... on Student { a: name ... on Hoks { version } ...F }
        ... { ... on StudyRight { phase } } ... on _Entity { ...F ... on Hoks { updatedAt } } } }
      fragment F on _Entity { ... on Student { oid } ... on StudyRight { state } }
    """
    assert selected(text, over=executable(build(subgraph=True))) == {
        "Query._entities",
        "Student.name",
        "Student.oid",
        "StudyRight.phase",
        "StudyRight.state",
        "Hoks.updatedAt",
    }


@pytest.mark.parametrize(
    ("directive", "variables", "is_selected"),
    [
        ("@skip(if: true)", {}, False),
        ("@skip(if: false)", {}, True),
        ("@include(if: true)", {}, True),
        ("@include(if: false)", {}, False),
        ("@skip(if: $v)", {"v": True}, False),
        ("@skip(if: $v)", {"v": False}, True),
        ("@include(if: $v)", {"v": True}, True),
        ("@include(if: $v)", {"v": False}, False),
        ("@include(if: $d)", {}, True),
        ("@skip(if: $d)", {}, False),
        ("@include(if: $d)", {"d": False}, False),
        ("@include(if: true) @skip(if: true)", {}, False),
        ("@include(if: true) @skip(if: false)", {}, True),
    ],
)
@pytest.mark.parametrize("place", ["name DIRECTIVE", "... DIRECTIVE { name }", "...F DIRECTIVE"])
def test_skip_and_include_decide_what_is_selected(
    place: str, directive: str, variables: dict[str, bool], is_selected: bool
) -> None:
    selection = place.replace("DIRECTIVE", directive)
    text = (
        f'query($v: Boolean = false, $d: Boolean = true) {{ student(oid: "x") {{ oid {selection} }} }} '
        "fragment F on Student { name }"
    )
    assert ("Student.name" in selected(text, variables)) is is_selected


def test_a_fragment_that_is_first_left_out_and_then_spread_is_selected() -> None:
    text = '{ student(oid: "x") { ...F @skip(if: true) ...F } } fragment F on Student { name }'
    assert "Student.name" in selected(text)


def test_records_of_the_graph_are_the_domains_own() -> None:
    assert {name for name in object_types() if name not in VALUES | WITHOUT_PERSONAL_DATA} <= set(records())
