"""Findings: what is wrong or doubtful in the data, said without repeating the data.

A finding never carries a value, only a code, the place, and the law item it is about, so that it is seen exactly
by those who see that item.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from hoks.items import Item, attached, one_of
from hoks.records import Record
from hoks.values import Text


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class FindingCode(StrEnum):
    """What was found."""

    MISSING_REQUIRED_VALUE = "MISSING_REQUIRED_VALUE"
    UNREADABLE_VALUE = "UNREADABLE_VALUE"
    BAD_CHECK_DIGIT = "BAD_CHECK_DIGIT"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    UNKNOWN_FIELDS = "UNKNOWN_FIELDS"
    UNKNOWN_STATE = "UNKNOWN_STATE"
    DIFFERENT_COPY = "DIFFERENT_COPY"
    SOURCES_DISAGREE_ON_STATE = "SOURCES_DISAGREE_ON_STATE"
    SOURCES_DISAGREE_ON_PROVIDER = "SOURCES_DISAGREE_ON_PROVIDER"
    LINK_NAMES_WRONG_SCHOOL = "LINK_NAMES_WRONG_SCHOOL"
    LINK_TARGET_UNKNOWN = "LINK_TARGET_UNKNOWN"
    LINK_TARGET_ENDED = "LINK_TARGET_ENDED"
    LINK_CHAIN = "LINK_CHAIN"
    LINK_CYCLE = "LINK_CYCLE"
    PLAN_ON_BOTH_SIDES_OF_LINK = "PLAN_ON_BOTH_SIDES_OF_LINK"
    SEVERAL_PLANS_FOR_ONE_RIGHT = "SEVERAL_PLANS_FOR_ONE_RIGHT"
    PLAN_OF_ANOTHER_PERSON = "PLAN_OF_ANOTHER_PERSON"
    APPOINTMENT_NAMES_NO_PART = "APPOINTMENT_NAMES_NO_PART"


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

MEANING: dict[FindingCode, tuple[Severity, Text]] = {
    FindingCode.MISSING_REQUIRED_VALUE: (
        _W,
        Text(fi="Pakollinen tieto puuttuu", sv="En obligatorisk uppgift saknas", en="A required value is missing"),
    ),
    FindingCode.UNREADABLE_VALUE: (
        _W,
        Text(
            fi="Tietoa ei voitu lukea",
            sv="En uppgift kunde inte läsas",
            en="A value could not be read and is left out",
        ),
    ),
    FindingCode.BAD_CHECK_DIGIT: (
        _W,
        Text(
            fi="Tunnisteen tarkistusmerkki on väärä",
            sv="Kontrolltecknet i ett id är fel",
            en="The check digit of an identifier is wrong",
        ),
    ),
    FindingCode.UNKNOWN_CODE: (
        _I,
        Text(fi="Tuntematon koodiarvo", sv="Okänt kodvärde", en="A code value is not known"),
    ),
    FindingCode.UNKNOWN_FIELDS: (
        _I,
        Text(
            fi="Lähde antoi kenttiä, joita ei tunneta",
            sv="Källan gav fält som inte är kända",
            en="The source gave fields that are not known; they are left out",
        ),
    ),
    FindingCode.UNKNOWN_STATE: (
        _E,
        Text(
            fi="Opiskeluoikeuden tila on tuntematon, joten tietoja ei luovuteta",
            sv="Studierättens status är okänd, därför lämnas inga uppgifter ut",
            en="The state of the study right is not known, so nothing is disclosed on its ground",
        ),
    ),
    FindingCode.DIFFERENT_COPY: (
        _W,
        Text(
            fi="Toisella lähteellä on samasta suunnitelmasta eri sisältö; omistavan järjestäjän tieto näytetään",
            sv="En annan källa har en annan version av samma plan; den ansvariga anordnarens uppgifter visas",
            en="Another source holds a different copy of this plan; the responsible provider's own is shown",
        ),
    ),
    FindingCode.SOURCES_DISAGREE_ON_STATE: (
        _W,
        Text(
            fi="Lähteet ovat eri mieltä opiskeluoikeuden tilasta; rajoittavampi ratkaisee",
            sv="Källorna är oense om studierättens status; den mer begränsande avgör",
            en="Sources disagree on the state of the study right; the more restrictive one decides",
        ),
    ),
    FindingCode.SOURCES_DISAGREE_ON_PROVIDER: (
        _E,
        Text(
            fi="Lähteet ovat eri mieltä siitä, kenen opiskeluoikeus on; sen perusteella ei luovuteta tietoja",
            sv="Källorna är oense om vems studierätten är; inga uppgifter lämnas ut på grund av den",
            en="Sources disagree on whose study right it is, so nothing is disclosed on its ground",
        ),
    ),
    FindingCode.LINK_NAMES_WRONG_SCHOOL: (
        _E,
        Text(
            fi="Hankintalinkki nimeää väärän oppilaitoksen",
            sv="Anskaffningslänken anger fel läroanstalt",
            en="The procurement link names another school than the right it points at",
        ),
    ),
    FindingCode.LINK_TARGET_UNKNOWN: (
        _E,
        Text(
            fi="Hankintalinkin kohdetta ei ole tai se on mitätöity",
            sv="Anskaffningslänkens mål finns inte eller är ogiltigförklarat",
            en="The procurement link points at a right that does not exist or is annulled",
        ),
    ),
    FindingCode.LINK_TARGET_ENDED: (
        _W,
        Text(
            fi="Hankintalinkki osoittaa päättyneeseen opiskeluoikeuteen",
            sv="Anskaffningslänken pekar på en studierätt som har upphört",
            en="The procurement link points at a right that has ended",
        ),
    ),
    FindingCode.LINK_CHAIN: (
        _W,
        Text(
            fi="Hankintalinkit muodostavat ketjun; vain yksi askel seurataan",
            sv="Anskaffningslänkarna bildar en kedja; bara ett steg följs",
            en="Procurement links form a chain; only one step is followed",
        ),
    ),
    FindingCode.LINK_CYCLE: (
        _E,
        Text(
            fi="Hankintalinkit muodostavat kehän",
            sv="Anskaffningslänkarna bildar en cirkel",
            en="Procurement links form a cycle; none of them is followed",
        ),
    ),
    FindingCode.PLAN_ON_BOTH_SIDES_OF_LINK: (
        _E,
        Text(
            fi="HOKS on linkin molemmilla puolilla; hankkivan järjestäjän HOKS on voimassa oleva suunnitelma",
            sv="Det finns en PUK på båda sidor av länken; den anskaffande anordnarens är planen",
            en="There is a plan on both sides of the link; the procuring provider's is the plan",
        ),
    ),
    FindingCode.SEVERAL_PLANS_FOR_ONE_RIGHT: (
        _E,
        Text(
            fi="Lähteellä on useita suunnitelmia samalle opiskeluoikeudelle",
            sv="Källan har flera planer för samma studierätt",
            en="The source holds several plans for one study right; each is shown",
        ),
    ),
    FindingCode.PLAN_OF_ANOTHER_PERSON: (
        _E,
        Text(
            fi="Lähde antoi toisen henkilön suunnitelman; sitä ei näytetä",
            sv="Källan gav en annan persons plan; den visas inte",
            en="The source answered with another person's plan; it is not shown",
        ),
    ),
    FindingCode.APPOINTMENT_NAMES_NO_PART: (
        _W,
        Text(
            fi="Nimityksen jaksoa tai näyttöä ei enää ole suunnitelmassa, joten se ei avaa mitään; nimitä uudelleen",
            sv="Perioden eller yrkesprovet finns inte längre i planen, så utnämningen ger ingenting; utnämn på nytt",
            en="The plan no longer has the period or demonstration, so the appointment opens nothing; appoint again",
        ),
    ),
}


class Finding(Record, frozen=True, gc=False):
    """Something wrong or doubtful in the data (havainto)."""

    gate: ClassVar[str | None] = "item"

    item: Annotated[Item, attached("The law item the finding is about.")]
    code: Annotated[FindingCode, one_of(tuple(Item), "item", "What was found.")]
    place: Annotated[str, attached("Where: the field's path by its names in this graph, without positions.")]
    severity: Annotated[Severity, attached("How much it matters.")]
    message: Annotated[Text, attached("What was found, in words.")]


def finding(code: FindingCode, place: str, item: Item) -> Finding:
    """A finding of ``code`` at ``place``, about ``item``."""
    severity, message = MEANING[code]
    return Finding(item=item, code=code, place=place, severity=severity, message=message)
