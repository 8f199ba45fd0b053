"""Names put on what is shown: only where the source gave none, only of what is there, and nothing rebuilt in vain."""

from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from hoks.access.redact import redact
from hoks.competence import CompetenceAcquisition, CompetenceDemonstration, OtherLearningEnvironment, ProviderPerson
from hoks.identifiers import OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.labelled import labelled, name_beside
from hoks.plan import Hoks
from hoks.ports import UnitLabel
from hoks.student import Student
from hoks.study_right import IncludedIn, Qualification, StudyRight
from hoks.units import (
    PlannedCommonUnit,
    PlannedCommonUnitSubarea,
    PlannedLocalUnit,
    PlannedVocationalUnit,
    PriorVocationalUnit,
)
from hoks.values import Code, Organisation, Text
from tests.hoks.stories import A1, PROVIDER_A, PROVIDER_B, SCHOOL_A

SERVICE = "tutkinnonosat_100001"
COMMON = "tutkinnonosat_101053"
LOCAL = f"paikallinen_tutkinnonosa_{PROVIDER_A}_7"
NUMBER = "OPH-1-2026"


class Names:
    """The names of a few things, and a note of all that is looked up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.edition: object | None = None

    def code(self, uri: str, version: int | None) -> Text | None:
        self.asked.append(uri)
        known = {
            SERVICE: Text(fi="Palvelu koodistossa"),
            COMMON: Text(fi="Yhteinen", sv="Gemensam", en="Common"),
            "kieli_FI": Text(fi="suomi", sv="finska"),
        }
        return known.get(uri) if version in (None, 2) else None

    def requirements(self, register_number: str) -> Text | None:
        self.asked.append(register_number)
        return Text(fi="Perusteet") if register_number == NUMBER else None

    def unit(self, register_number: str | None, uri: str) -> UnitLabel | None:
        self.asked.append(f"{register_number} {uri}")
        known = {
            (NUMBER, SERVICE): UnitLabel(name=Text(fi="Palvelu", sv="Service"), competence_points=30),
            (None, "tutkinnonosat_9"): UnitLabel(name=Text(fi="Uusin"), is_newest_of_code=True),
        }
        return known.get((register_number, uri))

    def local_unit(self, amosaa_id: str) -> Text | None:
        self.asked.append(amosaa_id)
        return Text(fi="Paikallinen") if amosaa_id == LOCAL else None

    def organisation(self, oid: OrganisationOid) -> Text | None:
        self.asked.append(oid)
        return {PROVIDER_A: Text(fi="A"), SCHOOL_A: Text(fi="A:n koulu")}.get(oid)


def test_a_national_unit_has_the_name_and_credits_of_its_own_requirements() -> None:
    unit = PlannedVocationalUnit(unit=Code(uri=SERVICE, version=1), requirements_register_number=NUMBER)
    assert labelled(unit, Names()) == msgspec.structs.replace(
        unit, unit=Code(uri=SERVICE, version=1, name=Text(fi="Palvelu", sv="Service")), competence_points=30
    )


@pytest.mark.parametrize("number", [None, "OPH-9-2099"])
def test_without_its_requirements_a_unit_is_called_as_the_code_is_and_has_no_credits(number: str | None) -> None:
    unit = PlannedVocationalUnit(unit=Code(uri=SERVICE), requirements_register_number=number)
    named = labelled(unit, Names())
    assert named.unit == Code(uri=SERVICE, name=Text(fi="Palvelu koodistossa"))
    assert named.competence_points is None


def test_the_newest_of_a_code_is_the_last_resort_for_a_name_and_gives_no_credits() -> None:
    named = labelled(PriorVocationalUnit(unit=Code(uri="tutkinnonosat_9")), Names())
    assert named.unit == Code(uri="tutkinnonosat_9", name=Text(fi="Uusin"))
    assert named.competence_points is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, Text(fi="suomi", sv="finska")),
        (Text(fi="Suomen kieli"), Text(fi="Suomen kieli", sv="finska")),
        (Text(en="Finnish"), Text(fi="suomi", sv="finska", en="Finnish")),
        (Text(fi="a", sv="b", en="c"), Text(fi="a", sv="b", en="c")),
    ],
)
def test_what_the_source_calls_a_code_stays_and_only_missing_languages_are_added(
    given: Text | None, shown: Text
) -> None:
    value = Qualification(language=Code(uri="kieli_FI", name=given))
    assert labelled(value, Names()).language == Code(uri="kieli_FI", name=shown)


def test_a_code_in_a_version_nobody_knows_has_no_name() -> None:
    unit = PlannedCommonUnit(unit=Code(uri=COMMON, version=3))
    assert labelled(unit, Names()) is unit


def test_an_organisation_keeps_the_name_its_source_gave() -> None:
    named = Organisation(oid=PROVIDER_A, name=Text(sv="A på svenska"))
    right = StudyRight(oid=A1, student_oid=None, provider=named, school=Organisation(oid=SCHOOL_A))
    shown = labelled(right, Names())
    assert shown.provider is named
    assert shown.school == Organisation(oid=SCHOOL_A, name=Text(fi="A:n koulu"))


def test_organisations_known_by_their_oids_alone_get_a_name_beside() -> None:
    names = Names()
    person = ProviderPerson(name="Opettaja", organisation_oid=SCHOOL_A)
    plan = Hoks(
        study_right_oid=A1,
        planned_local_units=(
            PlannedLocalUnit(
                provider_oid=PROVIDER_A,
                acquisitions=(CompetenceAcquisition(provider_representative=person),),
                demonstrations=(CompetenceDemonstration(organiser_oid=PROVIDER_B),),
            ),
        ),
    )
    (unit,) = labelled(plan, names).planned_local_units or ()
    assert unit.provider_name == Text(fi="A")
    assert (unit.acquisitions or ())[0].provider_representative == msgspec.structs.replace(
        person, organisation_name=Text(fi="A:n koulu")
    )
    assert (unit.demonstrations or ())[0].organiser_name is None
    linked = StudyRight(oid=A1, student_oid=None, included_in=IncludedIn(oid=StudyRightOid("x"), school_oid=SCHOOL_A))
    assert labelled(linked, names).included_in == IncludedIn(
        oid=StudyRightOid("x"), school_oid=SCHOOL_A, school_name=Text(fi="A:n koulu")
    )


def test_a_local_units_own_name_stands_beside_the_registers() -> None:
    unit = PlannedLocalUnit(amosaa_id=LOCAL, name="Oma nimi")
    assert labelled(unit, Names()) == msgspec.structs.replace(unit, registered_name=Text(fi="Paikallinen"))
    free = PlannedLocalUnit(amosaa_id="700001", name="Oma nimi")
    assert labelled(free, Names()) is free


def test_requirements_are_named_where_the_source_gave_no_name() -> None:
    unnamed = Qualification(requirements_register_number=NUMBER)
    assert labelled(unnamed, Names()).requirements_name == Text(fi="Perusteet")
    named = Qualification(requirements_register_number=NUMBER, requirements_name=Text(fi="Oma"))
    assert labelled(named, Names()) is named


def test_names_reach_every_depth() -> None:
    places = (OtherLearningEnvironment(environment=Code(uri=COMMON)),)
    subarea = PlannedCommonUnitSubarea(acquisitions=(CompetenceAcquisition(other_learning_environments=places),))
    plan = Hoks(study_right_oid=A1, planned_common_units=(PlannedCommonUnit(subareas=(subarea,)),))
    named = msgspec.to_builtins(labelled(plan, Names()))
    (period,) = named["planned_common_units"][0]["subareas"][0]["acquisitions"]
    assert period["other_learning_environments"][0]["environment"]["name"]["en"] == "Common"


def test_what_has_nothing_to_add_is_the_very_same_value() -> None:
    plan = Hoks(
        study_right_oid=A1,
        provider=Organisation(oid=PROVIDER_A, name=Text(fi="A")),
        planned_local_units=(PlannedLocalUnit(name="Oma", acquisitions=(CompetenceAcquisition(),)),),
        prior_vocational_units=(),
    )
    assert labelled(plan, Names()) is plan
    assert labelled(plan, None) is plan


def test_only_what_is_shown_is_looked_up() -> None:
    names = Names()
    unit = PlannedVocationalUnit(
        unit=Code(uri=SERVICE),
        requirements_register_number=NUMBER,
        provider_oid=PROVIDER_A,
        acquisitions=(CompetenceAcquisition(mode_code=Code(uri="osaamisenhankkimistapa_oppisopimus")),),
    )
    plan = Hoks(
        study_right_oid=A1,
        career_plan_goal=Code(uri="urasuunnitelma_0001"),
        provider=Organisation(oid=PROVIDER_B),
        planned_vocational_units=(unit,),
    )
    labelled(redact(plan, frozenset({Item.G})) or plan, names)
    assert names.asked == ["osaamisenhankkimistapa_oppisopimus"]
    names.asked.clear()
    labelled(redact(plan, frozenset({Item.D13})) or plan, names)
    assert names.asked == ["urasuunnitelma_0001"]


def _reached(hint: Any, seen: set[Any]) -> set[Any]:
    """Every kind of record and value that a field can lead to."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        if hint not in seen:
            seen.add(hint)
            for each in get_type_hints(hint).values():
                _reached(each, seen)
    else:
        for each in get_args(hint):
            _reached(each, seen)
    return seen


def test_every_organisation_that_is_shown_can_have_a_name() -> None:
    without = {
        f"{kind.__name__}.{field}"
        for kind in _reached(Student, set())
        for hints in [get_type_hints(kind)]
        for field in kind.__struct_fields__
        if OrganisationOid in (hints[field], *get_args(hints[field])) and name_beside(field, hints) is None
    }
    assert without == {"Organisation.oid"}
