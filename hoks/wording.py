"""Plain words in Finnish, Swedish and English for what the log says in codes: roles, grounds, purposes, items, events.

A student reads them, so they say "you", and no code goes without: a test holds the tables against the rules.
"""

from collections.abc import Mapping

from hoks.caller import Role
from hoks.consenting import Purpose
from hoks.items import Item
from hoks.values import Text

OPERATOR = "operator"
"""Whoever runs the gateway and reads the log there; no role that a token can carry."""


def _in(fi: str, sv: str, en: str) -> Text:
    return Text(fi=fi, sv=sv, en=en)


ROLES: Mapping[str, Text] = {
    Role.STUDENT: _in("Sinä itse", "Du själv", "You yourself"),
    Role.STAFF: _in(
        "Koulutuksen järjestäjän henkilöstö", "Utbildningsanordnarens personal", "Staff of an education provider"
    ),
    Role.RESPONSIBLE_TEACHER: _in("Vastuuopettaja", "Ansvarig lärare", "Responsible teacher"),
    Role.GUIDANCE_COUNSELLOR: _in("Opinto-ohjaaja", "Studiehandledare", "Guidance counsellor"),
    Role.SPECIAL_NEEDS_TEACHER: _in("Erityisopettaja", "Speciallärare", "Special needs teacher"),
    Role.SCHOOL_SOCIAL_WORKER: _in("Kuraattori", "Kurator", "School social worker"),
    Role.HEAD_OF_TRAINING: _in("Koulutuspäällikkö", "Utbildningschef", "Head of training"),
    Role.INSTRUCTOR: _in(
        "Vastuullinen työpaikkaohjaaja", "Ansvarig arbetsplatshandledare", "Responsible workplace instructor"
    ),
    Role.ASSESSOR: _in(
        "Työelämän osaamisen arvioija", "Bedömare från arbetslivet", "Competence assessor from working life"
    ),
    Role.CONSENT_RECIPIENT: _in(
        "Taho, jolle annoit suostumuksen", "Den som du gav ditt samtycke", "Whoever you gave your consent to"
    ),
    Role.AUTHORITY: _in("Viranomainen", "Myndighet", "Authority"),
    Role.EMPLOYMENT_FUND: _in("Työllisyysrahasto", "Sysselsättningsfonden", "Employment Fund"),
    Role.OPH: _in("Opetushallitus", "Utbildningsstyrelsen", "Finnish National Agency for Education"),
    Role.SYSTEM: _in(
        "Koulutuksen järjestäjän tietojärjestelmä",
        "Utbildningsanordnarens informationssystem",
        "Information system of an education provider",
    ),
    OPERATOR: _in("Palvelun ylläpitäjä", "Tjänstens administratör", "Operator of this service"),
}

GROUNDS: Mapping[str, Text] = {
    "S1": _in(
        "Tiedot ovat omiasi, ja sinulla on oikeus nähdä ne.",
        "Uppgifterna är dina egna och du har rätt att se dem.",
        "The data are your own, and you have the right to see them.",
    ),
    "S2": _in(
        "Voit jakaa omia tietojasi valitsemallesi taholle.",
        "Du kan dela dina egna uppgifter med den du väljer.",
        "You may share your own data with whomever you choose.",
    ),
    "P1": _in(
        "Koulutuksen järjestäjä näkee omien opiskelijoidensa tiedot.",
        "Utbildningsanordnaren ser uppgifterna om sina egna studerande.",
        "An education provider sees the data of its own students.",
    ),
    "P2": _in(
        "Opiskelijan aiemmat suunnitelmat näkyvät viisi vuotta opintojen päättymisestä.",
        "En studerandes tidigare planer syns i fem år efter att studierna avslutats.",
        "A student's earlier plans can be seen for five years after those studies ended.",
    ),
    "P3": _in(
        "Opiskelijan muihin voimassa oleviin opiskeluoikeuksiin liittyvät suunnitelmat näkyvät.",
        "Planerna för en studerandes andra gällande studierätter syns.",
        "A student's plans of other valid study rights can be seen.",
    ),
    "P4": _in(
        "Koulutuksen järjestäjällä on oikeus saada tiedot opiskelijansa suunnitelmista.",
        "Utbildningsanordnaren har rätt att få uppgifterna i sina studerandes planer.",
        "An education provider has the right to the data of its students' plans.",
    ),
    "P5": _in(
        "Koulutus on hankittu toiselta järjestäjältä: molemmat näkevät yhteisen suunnitelman.",
        "Utbildningen har köpts av en annan anordnare: båda ser den gemensamma planen.",
        "The training is procured from another provider: both see the one plan.",
    ),
    "P6": _in(
        "Opiskelet usealla järjestäjällä: kukin näkee kaikki suunnitelmasi.",
        "Du studerar hos flera anordnare: var och en ser alla dina planer.",
        "You study at several providers: each sees all your plans.",
    ),
    "P7": _in(
        "Koulutuksen järjestäjä vastaa itse tallentamistaan tiedoista.",
        "Utbildningsanordnaren ansvarar för de uppgifter som den själv har lagrat.",
        "An education provider answers for the data that it has stored itself.",
    ),
    "T0": _in(
        "Työpaikan toimija näkee niiden opiskelijoiden tietoja, joille hänet on nimetty.",
        "En aktör på arbetsplatsen ser uppgifter om de studerande som hen har utsetts för.",
        "Somebody at a workplace sees data of the students for whom they are named.",
    ),
    "T1": _in(
        "Vastuullinen työpaikkaohjaaja näkee vain sen sopimuksen tiedot, johon hänet on nimetty.",
        "En ansvarig arbetsplatshandledare ser bara uppgifterna om det avtal som hen har utsetts för.",
        "A responsible instructor sees only what concerns the agreement in which they are named.",
    ),
    "T2": _in(
        "Jos ohjaajia on useita, kukin näkee vain oman osuutensa.",
        "Om det finns flera handledare ser var och en bara sin egen del.",
        "Where there are several instructors, each sees only their own part.",
    ),
    "T3": _in(
        "Työelämän arvioija näkee vain arvioimansa näytön tiedot.",
        "En bedömare från arbetslivet ser bara uppgifterna om det yrkesprov som hen bedömer.",
        "An assessor from working life sees only the demonstration that they assess.",
    ),
    "C1": _in(
        "Annoit suostumuksen. Voit peruuttaa sen milloin tahansa.",
        "Du gav ditt samtycke. Du kan återkalla det när som helst.",
        "You gave your consent. You may withdraw it at any time.",
    ),
    "C3": _in(
        "Opintojen päätyttyä suostumukseen perustuvasta luovutuksesta vastaa Opetushallitus.",
        "Efter avslutade studier ansvarar Utbildningsstyrelsen för utlämnande med stöd av samtycke.",
        "After studies have ended, the National Agency for Education discloses what a consent covers.",
    ),
    "A1": _in(
        "Viranomaisella on lain säännökseen perustuva oikeus saada tiedot.",
        "Myndigheten har enligt en bestämmelse i lag rätt att få uppgifterna.",
        "A provision of law gives the authority the right to the data.",
    ),
    "A2": _in(
        "Työllisyysrahastolla on lain säännökseen perustuva oikeus saada tiedot.",
        "Sysselsättningsfonden har enligt en bestämmelse i lag rätt att få uppgifterna.",
        "A provision of law gives the Employment Fund the right to the data.",
    ),
    "G1": _in(
        "Opinto-ohjaaja koordinoi suunnitelmien laatimista ja seurantaa.",
        "Studiehandledaren samordnar arbetet med planerna.",
        "The guidance counsellor coordinates the work on plans.",
    ),
    "G2": _in(
        "Suunnitelman seurantaan osallistuvat ne, joiden tehtäviin opiskelijan ohjaus kuuluu.",
        "I uppföljningen av planen deltar de som har till uppgift att handleda den studerande.",
        "Those whose task it is to guide the student take part in following the plan.",
    ),
    "G3": _in(
        "Seuranta on pedagogista; opiskeluhuollon asioita siinä ei käsitellä.",
        "Uppföljningen är pedagogisk; elevvårdsärenden behandlas inte.",
        "The follow-up is pedagogical and no student welfare.",
    ),
    "G4": _in(
        "Yksittäisen opiskelijan asioita käsitellään opiskelijan kanssa.",
        "En enskild studerandes ärenden behandlas tillsammans med den studerande.",
        "What concerns a single student is dealt with together with the student.",
    ),
    "G5": _in(
        "Vastuuopettajan opiskelijoiden suunnitelmat tarkistetaan, ja tarvittaessa tukeen ohjataan.",
        "Planerna för den ansvariga lärarens studerande ses över, och vid behov hänvisas till stöd.",
        "The plans of the responsible teacher's students are checked, with referral to support where needed.",
    ),
    "G6": _in(
        "Koulutuspäällikkö seuraa oman yksikkönsä suunnitelmien etenemistä.",
        "Utbildningschefen följer hur planerna framskrider i den egna enheten.",
        "The head of training follows the progress of plans in their own unit.",
    ),
}
"""By the code of a ground in the rules."""

AIMS: Mapping[str, Text] = {
    "OWN_USE": _in("Oma käyttö", "Eget bruk", "Your own use"),
    "GUIDANCE": _in("Ohjaus ja opetus", "Handledning och undervisning", "Guidance and teaching"),
    Purpose.WORKPLACE_LEARNING: _in(
        "Työpaikalla tapahtuva oppiminen", "Lärande på arbetsplatsen", "Learning at the workplace"
    ),
    "ASSESSMENT": _in("Osaamisen arviointi", "Bedömning av kunnande", "Assessment of competence"),
    "CONSENT": _in(
        "Suostumuksessasi sanottu tarkoitus",
        "Det ändamål som ditt samtycke anger",
        "The purpose that your consent names",
    ),
    "STATUTORY_TASK": _in("Lakisääteinen tehtävä", "Lagstadgad uppgift", "Statutory task"),
    Purpose.RECOGNITION: _in("Osaamisen tunnustaminen", "Erkännande av kunnande", "Recognition of prior competence"),
    Purpose.EMPLOYMENT: _in("Työllistyminen", "Sysselsättning", "Employment"),
    Purpose.FURTHER_STUDIES: _in("Jatko-opinnot", "Fortsatta studier", "Further studies"),
    Purpose.SERVICES: _in("Palvelut", "Tjänster", "Services"),
    Purpose.OTHER: _in("Muu tarkoitus", "Annat ändamål", "Another purpose"),
    "LOG_READING": _in("Lokin tarkastaminen", "Granskning av loggen", "Inspection of the log"),
}
"""To what end: of a look, of a consent, of reading the log."""

ITEMS: Mapping[str, Text] = {
    Item.ID: _in("Nimesi ja oppijanumerosi", "Ditt namn och studentnummer", "Your name and learner number"),
    Item.SR: _in(
        "Opiskeluoikeutesi: järjestäjä, oppilaitos, tila ja päivät",
        "Din studierätt: anordnare, läroanstalt, status och datum",
        "Your study right: provider, school, state and dates",
    ),
    Item.D1: _in(
        "Suunnitelman hyväksymis- ja päivitysajat",
        "När planen godkändes och uppdaterades",
        "When the plan was approved and updated",
    ),
    Item.D2q: _in(
        "Tutkinto tai koulutus, sen perusteet ja osaamisala",
        "Examen eller utbildning, dess grunder och kompetensområde",
        "Qualification or education, its requirements and competence area",
    ),
    Item.D2u: _in(
        "Suoritettavat tutkinnon tai koulutuksen osat",
        "De examens- eller utbildningsdelar som avläggs",
        "Units of the qualification or education",
    ),
    Item.D3: _in(
        "Tunnustettu aiempi osaaminen", "Tidigare kunnande som erkänts", "Prior competence that was recognised"
    ),
    Item.D4: _in(
        "Arvioijille lähetetty aiempi osaaminen",
        "Tidigare kunnande som sänts till bedömare",
        "Prior competence sent to assessors",
    ),
    Item.D5: _in("Muu aiempi osaaminen", "Annat tidigare kunnande", "Other prior competence"),
    Item.D6u: _in(
        "Poikkeaminen vaatimuksista tutkinnon osassa",
        "Avvikelse från kraven i en examensdel",
        "Deviation from requirements in a unit",
    ),
    Item.D6d: _in(
        "Poikkeaminen vaatimuksista näytössä",
        "Avvikelse från kraven i ett yrkesprov",
        "Deviation from requirements in a demonstration",
    ),
    Item.D7: _in("Osaamisen hankkimisen tarve", "Behov av att förvärva kunnande", "Need to acquire competence"),
    Item.D8: _in(
        "Merkintä olennaisesta seikasta",
        "Anteckning om en väsentlig omständighet",
        "Mark that an essential circumstance exists",
    ),
    Item.D9: _in(
        "Opiskeluvalmiuksia tukevat opinnot ja oppimisen tuki",
        "Studier som stöder studiefärdigheterna och stöd för lärandet",
        "Studies supporting study skills, and learning support",
    ),
    Item.D10: _in(
        "Näytöt: ajat, sisällöt, ympäristöt ja järjestäjä",
        "Yrkesprov: tider, innehåll, miljöer och anordnare",
        "Demonstrations: times, contents, environments, organiser",
    ),
    Item.D11b: _in(
        "Mukautettu ja yksilöllinen arviointi",
        "Anpassad och individuell bedömning",
        "Adapted and individual assessment",
    ),
    Item.D12: _in("Osaamisen arvioijat", "Bedömare av kunnandet", "Assessors of competence"),
    Item.D13: _in("Urasuunnitelman päämäärä", "Karriärplanens mål", "Goal of the career plan"),
    Item.G: _in(
        "Osaamisen hankkimisen tavoitteet, sisällöt, tavat ja ajat",
        "Mål, innehåll, sätt och tider för att förvärva kunnande",
        "Goals, contents, ways and times of acquiring competence",
    ),
    Item.Gi: _in("Jakson keskeytykset", "Avbrott i en period", "Interruptions of a period"),
    Item.W1: _in(
        "Työpaikka, vastuullinen ohjaaja ja järjestäjän edustaja",
        "Arbetsplats, ansvarig handledare och anordnarens företrädare",
        "Workplace, responsible instructor, the provider's representative",
    ),
    Item.W2: _in(
        "Oppisopimuskoulutusta hankkineen järjestäjän edustaja",
        "Företrädare för den anordnare som köpt läroavtalsutbildning",
        "Representative of the provider that procured apprenticeship training",
    ),
    Item.W3: _in(
        "Keskeiset työtehtävät työpaikalla", "Centrala arbetsuppgifter på arbetsplatsen", "Key tasks at the workplace"
    ),
    Item.W4: _in(
        "Koulutussopimuksen ajat työpaikalla",
        "Utbildningsavtalets tider på arbetsplatsen",
        "Times at the workplace under a training agreement",
    ),
    Item.W5: _in(
        "Oppisopimuksen ajat työpaikalla ja muualla",
        "Läroavtalets tider på arbetsplatsen och annanstans",
        "Times at the workplace and elsewhere under an apprenticeship",
    ),
    Item.Cs: _in("Yhteystietosi", "Dina kontaktuppgifter", "Your contact data"),
    Item.Ci: _in(
        "Työpaikkaohjaajan yhteystiedot",
        "Arbetsplatshandledarens kontaktuppgifter",
        "The workplace instructor's contact data",
    ),
    Item.X: _in("Tekniset ja tilastotiedot", "Tekniska och statistiska uppgifter", "Technical and statistical data"),
}

EVENTS: Mapping[str, Text] = {
    "disclosed": _in("Tietojasi katsottiin", "Dina uppgifter visades", "Your data were shown"),
    "consent.given": _in("Annoit suostumuksen", "Du gav ditt samtycke", "You gave a consent"),
    "consent.withdrawn": _in("Peruutit suostumuksen", "Du återkallade ditt samtycke", "You withdrew a consent"),
    "share.made": _in(
        "Suunnitelmastasi tehtiin jakolinkki", "En delningslänk skapades", "A link to your plan was made"
    ),
    "share.accepted": _in("Jakolinkki otettiin vastaan", "Delningslänken togs emot", "The link was accepted"),
    "share.revoked": _in("Jakolinkki mitätöitiin", "Delningslänken återkallades", "The link was revoked"),
    "log.read": _in(
        "Ylläpitäjä luki lokin tiedoistasi",
        "Administratören läste loggen om dina uppgifter",
        "The operator read the log about your data",
    ),
}
"""What a student reads of the log; an event that stands in no row here is not shown."""
