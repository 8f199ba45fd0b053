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
    PERIOD_ENDS_BEFORE_IT_BEGINS = "PERIOD_ENDS_BEFORE_IT_BEGINS"
    PERIOD_OUTSIDE_STUDY_RIGHT = "PERIOD_OUTSIDE_STUDY_RIGHT"
    PERIOD_LONGER_THAN_FIVE_YEARS = "PERIOD_LONGER_THAN_FIVE_YEARS"
    WORKPLACE_PART_MISSING = "WORKPLACE_PART_MISSING"
    INSTRUCTOR_MISSING = "INSTRUCTOR_MISSING"
    WORKPLACE_NAME_MISSING = "WORKPLACE_NAME_MISSING"
    WORKPLACE_BUSINESS_ID_MISSING = "WORKPLACE_BUSINESS_ID_MISSING"
    PERIOD_KEY_MISSING = "PERIOD_KEY_MISSING"
    PERIOD_KEY_REPEATED = "PERIOD_KEY_REPEATED"
    WORKING_TIME_MISSING = "WORKING_TIME_MISSING"
    WORKING_TIME_OUT_OF_RANGE = "WORKING_TIME_OUT_OF_RANGE"
    APPRENTICESHIP_BASIS_MISSING = "APPRENTICESHIP_BASIS_MISSING"
    INTERRUPTIONS_OVERLAP = "INTERRUPTIONS_OVERLAP"
    DEMONSTRATION_ENDS_BEFORE_IT_BEGINS = "DEMONSTRATION_ENDS_BEFORE_IT_BEGINS"
    RECOGNITION_PROCESS_MISSING = "RECOGNITION_PROCESS_MISSING"
    SUPPORT_DATES_MISSING = "SUPPORT_DATES_MISSING"
    SUPPORT_DATES_NOT_ALLOWED = "SUPPORT_DATES_NOT_ALLOWED"
    COMPETENCE_ACHIEVED_OUT_OF_RANGE = "COMPETENCE_ACHIEVED_OUT_OF_RANGE"
    UNITS_IN_PREPARATORY_PLAN = "UNITS_IN_PREPARATORY_PLAN"
    STUDY_SKILLS_IN_PREPARATORY_PLAN = "STUDY_SKILLS_IN_PREPARATORY_PLAN"
    PREPARATORY_RIGHT_IN_PREPARATORY_PLAN = "PREPARATORY_RIGHT_IN_PREPARATORY_PLAN"
    PREPARATORY_PARTS_IN_OTHER_PLAN = "PREPARATORY_PARTS_IN_OTHER_PLAN"
    ACQUISITION_NEED_MISSING = "ACQUISITION_NEED_MISSING"
    PLAN_NOT_APPROVED = "PLAN_NOT_APPROVED"


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
    FindingCode.PERIOD_ENDS_BEFORE_IT_BEGINS: (
        _E,
        Text(
            fi="Jakson loppu on ennen sen alkua",
            sv="Periodens slut är före dess början",
            en="A period ends before it begins",
        ),
    ),
    FindingCode.PERIOD_OUTSIDE_STUDY_RIGHT: (
        _E,
        Text(
            fi="Jakso ei ole kokonaan opiskeluoikeuden aikana",
            sv="Perioden ligger inte helt inom studierättens tid",
            en="A period is not within the dates of the study right",
        ),
    ),
    FindingCode.PERIOD_LONGER_THAN_FIVE_YEARS: (
        _W,
        Text(
            fi="Jakso on yli viisi vuotta pitkä",
            sv="Perioden är längre än fem år",
            en="A period is longer than five years",
        ),
    ),
    FindingCode.WORKPLACE_PART_MISSING: (
        _E,
        Text(
            fi="Työpaikalla järjestettävän koulutuksen tiedot puuttuvat",
            sv="Uppgifterna om utbildning på arbetsplatsen saknas",
            en="A period at a workplace says nothing of the workplace",
        ),
    ),
    FindingCode.INSTRUCTOR_MISSING: (
        _W,
        Text(
            fi="Vastuullisen työpaikkaohjaajan nimi puuttuu",
            sv="Den ansvariga arbetsplatshandledarens namn saknas",
            en="The responsible workplace instructor is not named",
        ),
    ),
    FindingCode.WORKPLACE_NAME_MISSING: (
        _W,
        Text(fi="Työpaikan nimi puuttuu", sv="Arbetsplatsens namn saknas", en="The workplace is not named"),
    ),
    FindingCode.WORKPLACE_BUSINESS_ID_MISSING: (
        _W,
        Text(
            fi="Työpaikan Y-tunnus puuttuu", sv="Arbetsplatsens FO-nummer saknas", en="The workplace has no business id"
        ),
    ),
    FindingCode.PERIOD_KEY_MISSING: (
        _W,
        Text(
            fi="Työpaikkajaksolta puuttuu yksilöivä tunniste",
            sv="Perioden på arbetsplatsen saknar identifierare",
            en="A period at a workplace has no key of its own",
        ),
    ),
    FindingCode.PERIOD_KEY_REPEATED: (
        _W,
        Text(
            fi="Kahdella työpaikkajaksolla on sama yksilöivä tunniste",
            sv="Två perioder på arbetsplatser har samma identifierare",
            en="Two periods at workplaces have the same key",
        ),
    ),
    FindingCode.WORKING_TIME_OUT_OF_RANGE: (
        _E,
        Text(
            fi="Osa-aikaisuustieto ei ole välillä 1-100 prosenttia",
            sv="Uppgiften om arbetstid är inte 1-100 procent",
            en="The working time is not from 1 to 100 per cent",
        ),
    ),
    FindingCode.WORKING_TIME_MISSING: (
        _W,
        Text(
            fi="Työpaikkajakson osa-aikaisuustieto puuttuu",
            sv="Uppgift om arbetstid på arbetsplatsen saknas",
            en="The working time of a period at a workplace is missing",
        ),
    ),
    FindingCode.APPRENTICESHIP_BASIS_MISSING: (
        _W,
        Text(
            fi="Oppisopimuksen perusta puuttuu",
            sv="Grunden för läroavtalet saknas",
            en="The basis of an apprenticeship is missing",
        ),
    ),
    FindingCode.INTERRUPTIONS_OVERLAP: (
        _W,
        Text(
            fi="Keskeytymisajanjaksot ovat päällekkäin tai avoin ei ole viimeinen",
            sv="Avbrotten överlappar eller det öppna är inte sist",
            en="Interruptions overlap, or an open one is not the last",
        ),
    ),
    FindingCode.DEMONSTRATION_ENDS_BEFORE_IT_BEGINS: (
        _W,
        Text(
            fi="Osoittamisen loppu on ennen sen alkua",
            sv="Visandets slut är före dess början",
            en="A demonstration ends before it begins",
        ),
    ),
    FindingCode.RECOGNITION_PROCESS_MISSING: (
        _E,
        Text(
            fi="Aiemmin hankitun osaamisen todentamisen prosessi puuttuu",
            sv="Processen för verifiering av tidigare kunnande saknas",
            en="Prior competence does not say how it is verified",
        ),
    ),
    FindingCode.SUPPORT_DATES_MISSING: (
        _E,
        Text(
            fi="Tukiopetukselta puuttuu alku, loppu tai tutkinnon osan tyyppi",
            sv="Stödundervisningen saknar början, slut eller typ av examensdel",
            en="Remedial teaching lacks its dates or its group of units",
        ),
    ),
    FindingCode.SUPPORT_DATES_NOT_ALLOWED: (
        _W,
        Text(
            fi="Tuelle on annettu päiviä tai tutkinnon osan tyyppi, vaikka niitä ei saa olla",
            sv="Stödet har datum eller typ av examensdel fast det inte får ha det",
            en="Support has dates or a group of units although it may not",
        ),
    ),
    FindingCode.COMPETENCE_ACHIEVED_OUT_OF_RANGE: (
        _W,
        Text(
            fi="Osaamisen saavuttamisen päivä on ennen vuotta 2018 tai yli kahden viikon päässä",
            sv="Dagen då kunnandet uppnåtts är före 2018 eller mer än två veckor framåt",
            en="The day on which competence was achieved is before 2018 or more than two weeks ahead",
        ),
    ),
    FindingCode.UNITS_IN_PREPARATORY_PLAN: (
        _W,
        Text(
            fi="Valmentavan koulutuksen suunnitelmassa on tutkinnon osia",
            sv="En plan för handledande utbildning innehåller examensdelar",
            en="A plan of preparatory education holds units of a qualification",
        ),
    ),
    FindingCode.STUDY_SKILLS_IN_PREPARATORY_PLAN: (
        _W,
        Text(
            fi="Valmentavan koulutuksen suunnitelmassa on opiskeluvalmiuksia tukevia opintoja",
            sv="En plan för handledande utbildning innehåller studier som stöder studiefärdigheterna",
            en="A plan of preparatory education holds studies that support study skills",
        ),
    ),
    FindingCode.PREPARATORY_RIGHT_IN_PREPARATORY_PLAN: (
        _W,
        Text(
            fi="Valmentavan koulutuksen suunnitelmassa on toinen valmentavan koulutuksen opiskeluoikeus",
            sv="En plan för handledande utbildning anger en annan studierätt för handledande utbildning",
            en="A plan of preparatory education names another preparatory study right",
        ),
    ),
    FindingCode.PREPARATORY_PARTS_IN_OTHER_PLAN: (
        _W,
        Text(
            fi="Ammatillisen koulutuksen suunnitelmassa on valmentavan koulutuksen osia",
            sv="En plan för yrkesutbildning innehåller delar av handledande utbildning",
            en="A plan of vocational education holds parts of preparatory education",
        ),
    ),
    FindingCode.ACQUISITION_NEED_MISSING: (
        _E,
        Text(
            fi="Tieto osaamisen hankkimisen tarpeesta puuttuu",
            sv="Uppgift om behovet att förvärva kunnande saknas",
            en="The plan does not say whether competence has to be acquired",
        ),
    ),
    FindingCode.PLAN_NOT_APPROVED: (
        _W,
        Text(
            fi="HOKSia ei ole hyväksytty, vaikka opinnot ovat alkaneet",
            sv="PUK är inte godkänd fast studierna har börjat",
            en="The plan has not been approved although studies have begun",
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
