"""Every argument of the graph, by hand, with the reason why it tells nothing of what is hidden.

There is no filter on what a caller is not shown, and no order to choose: by either, a caller could search for a value
that is hidden from them.
"""

import re

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from resolvers.schema import build, executable

ARGUMENTS = {
    "Query.student(oid)": "who it is; somebody hidden and somebody unknown come to the same null",
    "Query.hoks(studyRightOid)": "which plan; a hidden one and an unknown one come to the same null",
    "Query.studyRight(oid)": "which right; a hidden one and an unknown one come to the same null",
    "Query.students(first)": "how many of those whom the caller sees",
    "Query.students(after)": "a place among those whom the caller sees, sealed for the caller",
    "Query.guidanceGroup(id)": "which group; somebody else's and an unknown one come to the same null",
    "Query.guidanceGroup(theme)": "which of the states that the caller is shown anyway; drawn after redaction",
    "Query.guidanceSummary(organisationOid)": "the acting organisation; any other comes to the same null",
    "Query.guidanceSummary(after)": "how far a count of the caller's own has come, sealed for the caller and the day",
    "Query.changes(since)": "a place of one's own, sealed for the caller",
    "Query.changes(first)": "how many of those that the caller sees",
    "Query.findings(organisationOid)": "the acting organisation; any other comes to the same null",
    "Query.findings(first)": "how many of those that the caller sees",
    "Query.findings(after)": "a place among those that the caller sees, sealed for the caller",
    "Student.timeline(first)": "how many of the entries that the caller is shown",
    "Student.timeline(after)": "a place among those that the caller is shown, sealed for the caller and the student",
    "Student.disclosures(first)": "how many rows of the caller's own log",
    "Student.disclosures(after)": "a place in the caller's own log, sealed for the caller",
    "Query.consentText(language)": "a public text",
    "Query.consentText(version)": "a public text",
    "Mutation.giveConsent(input)": "the caller's own consent",
    "NewConsentInput.studyRightOid": "one of the caller's own; others and unknown ones are refused alike",
    "NewConsentInput.recipientKind": "is kept as it is",
    "NewConsentInput.recipient": "is kept as it is, and not looked for",
    "NewConsentInput.items": "are kept as they are, whatever the plan holds",
    "NewConsentInput.express": "are kept as they are, whatever the plan holds",
    "NewConsentInput.purpose": "is kept as it is",
    "NewConsentInput.startDate": "is kept as it is",
    "NewConsentInput.endDate": "is kept as it is",
    "NewConsentInput.textVersion": "a public text",
    "NewConsentInput.language": "a public text",
    "Mutation.createShare(consent)": "one of the caller's own, or of a plan that the caller's provider "
    "discloses; others and unknown ones are refused alike",
    "Mutation.acceptShare(token)": "256 random bits; whatever opens nothing is refused alike",
    "Mutation.revokeShare(id)": "one of the caller's own; others and unknown ones are refused alike",
    "Mutation.withdrawConsent(id)": "one of the caller's own; somebody else's and an unknown one are refused alike",
    "Query.appointments(studyRightOid)": "which plan; a hidden one and an unknown one come to the same null",
    "Mutation.appointInstructor(studyRightOid)": "which plan; a hidden one and an unknown one are refused alike",
    "Mutation.appointInstructor(period)": "one of the plan as the caller sees it",
    "Mutation.appointInstructor(until)": "compared with the end of a period that the caller sees",
    "Mutation.appointAssessor(studyRightOid)": "which plan; a hidden one and an unknown one are refused alike",
    "Mutation.appointAssessor(demonstration)": "one of the plan as the caller sees it",
    "Mutation.appointAssessor(until)": "compared with the end of a demonstration that the caller sees",
    "Mutation.acceptAppointment(code)": "135 random bits; whatever keeps it from being used is refused alike",
    "Mutation.endAppointment(id)": "one of the acting provider's; another's and an unknown one are refused alike",
}
FILTERING: dict[str, str] = {
    "Student.timeline(from)": "a day of what the caller is shown; what is hidden is not in the list",
    "Student.timeline(to)": "a day of what the caller is shown; what is hidden is not in the list",
}
"""Arguments that filter or order, each with the reason why no hidden value can be found by it."""

_FILTERS = re.compile(r"filter|where|search|query|match|order|sort|rank|group|^from\b|^to\b", re.IGNORECASE)


def arguments() -> set[str]:
    """Every argument of every field, directives aside, and every field of an input object."""
    found = set()
    for name, kind in executable(build()).type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLInputObjectType):
            found |= {f"{name}.{field}" for field in kind.fields}
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            found |= {f"{name}.{field}({each})" for field, of in kind.fields.items() for each in of.args}
    return found


def test_every_argument_is_listed_with_a_reason() -> None:
    assert arguments() == ARGUMENTS.keys() | FILTERING.keys()
    assert all({**ARGUMENTS, **FILTERING}.values())


def test_an_argument_that_filters_or_orders_is_listed_as_one() -> None:
    assert {each for each in arguments() if _FILTERS.search(each.rpartition("(")[2])} == FILTERING.keys()
