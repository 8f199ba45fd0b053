"""Remedies: what to do about each finding, in words for the provider that can mend it."""

from hoks.findings import FindingCode
from hoks.values import Text

_C = FindingCode
_CORRECT = Text(
    fi="Korjaa tieto opintohallintojärjestelmässä ja siirrä suunnitelma uudelleen.",
    sv="Rätta uppgiften i studieförvaltningssystemet och överför planen på nytt.",
    en="Correct the value in the student system and transfer the plan again.",
)
_OTHERWISE: tuple[tuple[tuple[FindingCode, ...], Text], ...] = (
    (
        (_C.INSTRUCTOR_MISSING, _C.WORKPLACE_NAME_MISSING, _C.WORKPLACE_BUSINESS_ID_MISSING),
        Text(
            fi="Täydennä tieto opintohallintojärjestelmässä; ilman sitä työpaikalle ei voi lähettää palautekyselyä.",
            sv="Komplettera uppgiften i studieförvaltningssystemet; utan den får arbetsplatsen ingen responsenkät.",
            en="Fill it in in the student system; without it the workplace cannot be asked for feedback.",
        ),
    ),
    (
        (
            *(_C.LINK_NAMES_WRONG_SCHOOL, _C.LINK_TARGET_UNKNOWN, _C.LINK_TARGET_ENDED),
            *(_C.LINK_CHAIN, _C.LINK_CYCLE),
        ),
        Text(
            fi="Tarkista hankintalinkki hankkivan ja toteuttavan järjestäjän kesken ja korjaa se Koskessa.",
            sv="Kontrollera anskaffningslänken med den andra anordnaren och rätta den i Koski.",
            en="Check the procurement link with the other provider and correct it in Koski.",
        ),
    ),
    (
        (_C.UNREADABLE_VALUE, _C.UNKNOWN_CODE, _C.UNKNOWN_FIELDS, _C.PLAN_OF_ANOTHER_PERSON),
        Text(
            fi="Ilmoita järjestelmän toimittajalle: lähde antaa tiedon väärässä muodossa.",
            sv="Meddela systemleverantören: källan ger uppgiften i fel form.",
            en="Tell the supplier of the system: the source gives the value in a wrong form.",
        ),
    ),
    (
        (_C.UNKNOWN_STATE, _C.SOURCES_DISAGREE_ON_STATE, _C.SOURCES_DISAGREE_ON_PROVIDER),
        Text(
            fi="Tarkista opiskeluoikeus Koskesta ja opintohallintojärjestelmästä ja korjaa väärä.",
            sv="Kontrollera studierätten i Koski och i studieförvaltningssystemet och rätta den som är fel.",
            en="Compare the study right in Koski and in the student system, and correct the wrong one.",
        ),
    ),
    (
        (_C.DIFFERENT_COPY, _C.PLAN_ON_BOTH_SIDES_OF_LINK, _C.SEVERAL_PLANS_FOR_ONE_RIGHT),
        Text(
            fi="Poista ylimääräinen suunnitelma tai kopio; opiskeluoikeudella on yksi HOKS.",
            sv="Ta bort den överflödiga planen eller kopian; en studierätt har en PUK.",
            en="Remove the plan or copy that is too many; a study right has one plan.",
        ),
    ),
    (
        (_C.PLAN_NOT_APPROVED,),
        Text(
            fi="Hyväksy HOKS opiskelijan kanssa ja merkitse hyväksymispäivä.",
            sv="Godkänn PUK tillsammans med den studerande och anteckna datumet.",
            en="Approve the plan with the student and enter the day.",
        ),
    ),
    (
        (_C.APPOINTMENT_NAMES_NO_PART,),
        Text(
            fi="Nimitä henkilö uudelleen suunnitelmassa olevaan jaksoon tai näyttöön, tai päätä nimitys.",
            sv="Utnämn personen på nytt till en period eller ett yrkesprov i planen, eller avsluta utnämningen.",
            en="Appoint the person again to a period or demonstration of the plan, or end the appointment.",
        ),
    ),
    (
        (_C.PERIOD_KEY_REPEATED,),
        Text(
            fi="Anna jokaiselle työpaikkajaksolle oma tunniste; muuten nimitys yhteen koskee toistakin.",
            sv="Ge varje period på en arbetsplats en egen identifierare; annars gäller en utnämning flera.",
            en="Give each period at a workplace a key of its own; else an appointment to one reaches another too.",
        ),
    ),
)
REMEDIES: dict[FindingCode, Text] = dict.fromkeys(FindingCode, _CORRECT) | {
    code: text for codes, text in _OTHERWISE for code in codes
}
"""What to do about each finding, for the provider that can mend it."""
