"""Remedies: what to do about each finding, in words for the provider that can mend it."""

from hoks.findings import FindingCode
from hoks.values import Text

_C = FindingCode
_CORRECT = Text(
    fi="Korjaa tieto opintohallintojärjestelmässä ja siirrä suunnitelma uudelleen.",
    sv="Rätta uppgiften i studieförvaltningssystemet och överför planen på nytt.",
    en="Correct the value in the student system and transfer the plan again.",
)
_OTHERWISE: tuple[tuple[tuple[FindingCode, ...], str, str, str], ...] = (
    (
        (_C.INSTRUCTOR_MISSING, _C.WORKPLACE_NAME_MISSING, _C.WORKPLACE_BUSINESS_ID_MISSING),
        "Täydennä tieto opintohallintojärjestelmässä; ilman sitä työpaikalle ei voi lähettää palautekyselyä.",
        "Komplettera uppgiften i studieförvaltningssystemet; utan den får arbetsplatsen ingen responsenkät.",
        "Fill it in in the student system; without it the workplace cannot be asked for feedback.",
    ),
    (
        (_C.LINK_NAMES_WRONG_SCHOOL, _C.LINK_TARGET_UNKNOWN, _C.LINK_TARGET_ENDED, _C.LINK_CHAIN, _C.LINK_CYCLE),
        "Tarkista hankintalinkki hankkivan ja toteuttavan järjestäjän kesken ja korjaa se Koskessa.",
        "Kontrollera anskaffningslänken med den andra anordnaren och rätta den i Koski.",
        "Check the procurement link with the other provider and correct it in Koski.",
    ),
    (
        (_C.UNREADABLE_VALUE, _C.UNKNOWN_CODE, _C.UNKNOWN_FIELDS, _C.PLAN_OF_ANOTHER_PERSON),
        "Ilmoita järjestelmän toimittajalle: lähde antaa tiedon väärässä muodossa.",
        "Meddela systemleverantören: källan ger uppgiften i fel form.",
        "Tell the supplier of the system: the source gives the value in a wrong form.",
    ),
    (
        (_C.UNKNOWN_STATE, _C.SOURCES_DISAGREE_ON_STATE, _C.SOURCES_DISAGREE_ON_PROVIDER),
        "Tarkista opiskeluoikeus Koskesta ja opintohallintojärjestelmästä ja korjaa väärä.",
        "Kontrollera studierätten i Koski och i studieförvaltningssystemet och rätta den som är fel.",
        "Compare the study right in Koski and in the student system, and correct the wrong one.",
    ),
    (
        (_C.DIFFERENT_COPY, _C.PLAN_ON_BOTH_SIDES_OF_LINK, _C.SEVERAL_PLANS_FOR_ONE_RIGHT),
        "Poista ylimääräinen suunnitelma tai kopio; opiskeluoikeudella on yksi HOKS.",
        "Ta bort den överflödiga planen eller kopian; en studierätt har en PUK.",
        "Remove the plan or copy that is too many; a study right has one plan.",
    ),
    (
        (_C.PLAN_NOT_APPROVED,),
        "Hyväksy HOKS opiskelijan kanssa ja merkitse hyväksymispäivä.",
        "Godkänn PUK tillsammans med den studerande och anteckna datumet.",
        "Approve the plan with the student and enter the day.",
    ),
    (
        (_C.APPOINTMENT_NAMES_NO_PART,),
        "Nimitä henkilö uudelleen suunnitelmassa olevaan jaksoon tai näyttöön, tai päätä nimitys.",
        "Utnämn personen på nytt till en period eller ett yrkesprov i planen, eller avsluta utnämningen.",
        "Appoint the person again to a period or demonstration of the plan, or end the appointment.",
    ),
    (
        (_C.PERIOD_KEY_REPEATED,),
        "Anna jokaiselle työpaikkajaksolle oma tunniste; muuten nimitys yhteen koskee toistakin.",
        "Ge varje period på en arbetsplats en egen identifierare; annars gäller en utnämning flera.",
        "Give each period at a workplace a key of its own; else an appointment to one reaches another too.",
    ),
)
"""Findings that are mended otherwise, and how, in Finnish, Swedish and English."""

REMEDIES: dict[FindingCode, Text] = dict.fromkeys(FindingCode, _CORRECT) | {
    code: Text(fi=fi, sv=sv, en=en) for codes, fi, sv, en in _OTHERWISE for code in codes
}
"""What to do about each finding, for the provider that can mend it."""
