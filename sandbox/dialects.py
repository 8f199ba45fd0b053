"""How providers A, B and C name and write their rows: file names, columns, dates, numbers, words for codes.

The same value writes the files and the gateway's settings, so the two cannot drift apart.
"""

from .cast import Letter
from .dialect import Dialect, Manifest, table

_MODE = "osaamisenhankkimistapa_"
_PROCESS = "osaamisentodentamisenprosessi_"

A = Dialect(
    encoding="utf-8",
    delimiter=";",
    line_end="\n",
    date_format="yyyy-mm-dd",
    instant_format="iso",
    decimal=",",
    list_separator="|",
    true_value="1",
    false_value="0",
    language="fi",
    manifest=Manifest(complete="valmis", snapshot_at="aikaleima", files="tiedostot", rows="rivit"),
    codes={
        "appointment_kind": {"ohjaaja": "instructor", "arvioija": "assessor"},
        "guidance_role": {
            "vastuuopettaja": "responsible_teacher",
            "opinto-ohjaaja": "guidance_counsellor",
            "erityisopettaja": "special_needs_teacher",
            "kuraattori": "school_social_worker",
        },
    },
    code_prefixes={"appointed_unit": "tutkinnonosat_"},
    tables={
        "people": table("people.csv", "key=key oid=oid"),
        "appointments": table(
            "nimitykset.csv",
            "person_oid=henkilo_oid kind=laji right_oid=oo_oid learner_oid=oppijanumero part_key=tunniste "
            "unit_code=naytto_koodi start=alku end=loppu environment=ymparisto",
        ),
        "assignments": table("ryhmat.csv", "person_oid=henkilo_oid role=rooli person_key=opiskelija group=ryhma"),
    },
)
"""Provider A's staff system, beside eHOKS and Koski: who is appointed to what and who guides whom, and no plans."""

B = Dialect(
    encoding="cp1252",
    delimiter=";",
    line_end="\r\n",
    date_format="d.m.yyyy",
    instant_format="d.m.yyyy HH:MM",
    decimal=",",
    list_separator=" | ",
    true_value="K",
    false_value="E",
    language="fi",
    manifest=Manifest(complete="valmis", snapshot_at="aikaleima", files="tiedostot", rows="rivit"),
    codes={
        "state": {
            "L": "lasna",
            "LO": "loma",
            "K": "valiaikaisestikeskeytynyt",
            "V": "valmistunut",
            "E": "eronnut",
            "M": "mitatoity",
            "P": "peruutettu",
            "KE": "katsotaaneronneeksi",
        },
        "right_type": {"AMM": "ammatillinenkoulutus", "TUVA": "tuva"},
        "unit_kind": {
            "AMM": "vocational",
            "PAIK": "local",
            "YTO": "common",
            "YTOOSA": "subarea",
            "TUVA": "preparatory",
            "OPVA": "study_skills",
            "TUKI": "learning_support",
        },
        "prior_kind": {"AMM": "vocational", "PAIK": "local", "YTO": "common", "YTOOSA": "subarea"},
        "mode": {
            "KOSO": f"{_MODE}koulutussopimus",
            "OPSO": f"{_MODE}oppisopimus",
            "OPPIL": f"{_MODE}oppilaitosmuotoinenkoulutus",
        },
        "assessor_kind": {"J": "provider", "T": "working_life", "A": "prior"},
        "process": {"1": f"{_PROCESS}0001", "2": f"{_PROCESS}0002", "3": f"{_PROCESS}0003"},
        "appointment_kind": {"OHJ": "instructor", "ARV": "assessor"},
        "guidance_role": {
            "VO": "responsible_teacher",
            "OPO": "guidance_counsellor",
            "ERVA": "special_needs_teacher",
            "KUR": "school_social_worker",
        },
    },
    code_prefixes={
        "qualification": "koulutus_",
        "competence_area": "osaamisala_",
        "appointed_unit": "tutkinnonosat_",
        "vocational": "tutkinnonosat_",
        "common": "tutkinnonosat_",
        "subarea": "ammatillisenoppiaineet_",
        "preparatory": "koulutuksenosattuva_",
        "career_goal": "urasuunnitelma_",
        "support_type": "ammatillinenkoulutusoppimisentuentyyppi_",
        "unit_group": "ammatillisentutkinnonosanryhma_",
        "apprenticeship_basis": "oppisopimuksenperusta_",
        "environment": "oppimisymparistot_",
        "demonstration_subarea": "ammatillisenoppiaineet_",
    },
    tables={
        "people": table(
            "opiskelijat.csv",
            "key=opnro oid=oppijanumero family_name=sukunimi given_names=etunimet _group=ryhma",
        ),
        "rights": table(
            "opinto_oikeudet.csv",
            "key=oo_id person_key=opnro oid=oo_oid school_oid=oppilaitos_oid site_oid=toimipiste_oid type=tyyppi "
            "state=tila state_start=tila_alku state_end=tila_loppu estimated_end=arv_paattyminen "
            "qualification_code=tutkinto_koodi qualification_name=tutkinto_nimi requirements_number=peruste_dnro "
            "requirements_name=peruste_nimi area_code=osaamisala_koodi area_name=osaamisala_nimi "
            "included_in_oid=sisaltyy_oo_oid included_in_school=sisaltyy_oppilaitos_oid purchased=ostettu",
        ),
        "plans": table(
            "hoks.csv",
            "key=hoks_id right_key=oo_id right_oid=oo_oid first_approved_on=ensihyv_pvm approved_at=hyvaksytty "
            "updated_at=paivitetty version=versio competence_acquisition_needed=hankkimisen_tarve "
            "career_plan_goal=urasuunnitelma competence_achieved_on=saavuttamispvm student_email=sposti "
            "student_phone=puhelin preparatory_right_oid=tuva_oo_oid entered_manually=kasin_syotetty",
        ),
        "units": table(
            "osat.csv",
            "key=osa_id plan_key=hoks_id parent_key=ylaosa_id kind=laji code=koodi code_version=koodi_versio "
            "requirements_number=peruste_dnro name=nimi extent=laajuus amosaa_id=amosaa goals=tavoitteet "
            "deviation=poikkeaminen provider_oid=jarjestaja_oid essential_circumstance=olennainen_seikka "
            "hours=ohjaus_h start=alku end=loppu description=kuvaus support_type=tukilaji unit_group=osaryhma",
        ),
        "periods": table(
            "jaksot.csv",
            "key=jakso_id unit_key=osa_id source_key=tunniste start=alku end=loppu detail=tarkenne mode=tapa "
            "representative_name=edustaja_nimi representative_role=edustaja_rooli representative_org=edustaja_org "
            "procuring_name=hankkija_nimi procuring_role=hankkija_rooli procuring_org=hankkija_org "
            "instructor_name=ohjaaja_nimi instructor_email=ohjaaja_sposti instructor_phone=ohjaaja_puh "
            "workplace_name=tyopaikka workplace_business_id=ytunnus key_tasks=tehtavat "
            "working_time_percent=osa_aika_pros apprenticeship_basis=oppisop_perusta",
        ),
        "interruptions": table("keskeytykset.csv", "period_key=jakso_id start=alku end=loppu"),
        "demonstrations": table(
            "naytot.csv",
            "key=naytto_id unit_key=osa_id prior_key=aiempi_id start=alku end=loppu organiser_oid=jarjestaja_oid "
            "subareas=osa_alueet environment_name=ymparisto environment_business_id=ymparisto_ytunnus "
            "environment_description=ymparisto_kuvaus contents=sisalto deviation=poikkeaminen criteria=kriteerit",
        ),
        "assessors": table(
            "arvioijat.csv",
            "demonstration_key=naytto_id prior_key=aiempi_id kind=laji name=nimi organisation_oid=org_oid "
            "organisation_name=org_nimi organisation_business_id=org_ytunnus",
        ),
        "prior_units": table(
            "aiemmat.csv",
            "key=aiempi_id plan_key=hoks_id parent_key=ylaaiempi_id kind=laji code=koodi code_version=koodi_versio "
            "requirements_number=peruste_dnro name=nimi extent=laajuus amosaa_id=amosaa goals=tavoitteet "
            "deviation=poikkeaminen provider_oid=jarjestaja_oid essential_circumstance=olennainen_seikka "
            "process=prosessi sent_on=lahetetty_pvm",
        ),
        "appointments": table(
            "nimitykset.csv",
            "person_oid=henkilo_oid kind=laji right_oid=oo_oid learner_oid=oppijanumero part_key=tunniste "
            "unit_code=naytto_koodi start=alku end=loppu environment=ymparisto",
        ),
        "assignments": table("ryhmat.csv", "person_oid=henkilo_oid role=rooli person_key=opnro group=ryhma"),
    },
)
"""Provider B: a Finnish system's nightly export, with its shorthand and its old character set."""

C = Dialect(
    encoding="utf-8",
    delimiter=",",
    line_end="\n",
    date_format="yyyy-mm-dd",
    instant_format="iso",
    decimal=".",
    list_separator="; ",
    true_value="1",
    false_value="0",
    language="sv",
    manifest=Manifest(complete="complete", snapshot_at="snapshotAt", files="files", rows="rows"),
    codes={
        "state": {
            "active": "lasna",
            "holiday": "loma",
            "paused": "valiaikaisestikeskeytynyt",
            "graduated": "valmistunut",
            "resigned": "eronnut",
            "void": "mitatoity",
            "cancelled": "peruutettu",
            "deemed": "katsotaaneronneeksi",
        },
        "right_type": {"vet": "ammatillinenkoulutus", "tuva": "tuva"},
        "unit_kind": {
            "vocational": "vocational",
            "local": "local",
            "common": "common",
            "subarea": "subarea",
            "preparatory": "preparatory",
            "study_skills": "study_skills",
            "support": "learning_support",
        },
        "prior_kind": {
            "vocational": "vocational",
            "local": "local",
            "common": "common",
            "subarea": "subarea",
        },
        "mode": {
            "agreement": f"{_MODE}koulutussopimus",
            "apprenticeship": f"{_MODE}oppisopimus",
            "school": f"{_MODE}oppilaitosmuotoinenkoulutus",
        },
        "assessor_kind": {"school": "provider", "work": "working_life", "prior": "prior"},
        "process": {
            "direct": f"{_PROCESS}0001",
            "assessors": f"{_PROCESS}0002",
            "demonstration": f"{_PROCESS}0003",
        },
        "appointment_kind": {"instructor": "instructor", "assessor": "assessor"},
        "guidance_role": {
            "teacher": "responsible_teacher",
            "counsellor": "guidance_counsellor",
            "special": "special_needs_teacher",
            "social": "school_social_worker",
        },
    },
    code_prefixes={"qualification": "koulutus_", "competence_area": "osaamisala_"},
    tables={
        "people": table("people.csv", "key=student_no oid=learner_oid family_name=last_name given_names=first_names"),
        "rights": table(
            "enrolments.csv",
            "key=enrolment_no person_key=student_no oid=right_oid school_oid=school site_oid=site type=kind "
            "state=status state_start=from state_end=to estimated_end=planned_end qualification_code=qualification "
            "qualification_name=qualification_name requirements_number=requirements_no "
            "requirements_name=requirements_name area_code=area area_name=area_name "
            "included_in_oid=included_in_oid included_in_school=included_in_school purchased=purchased",
        ),
        "plans": table(
            "plans.csv",
            "key=plan_no right_key=enrolment_no right_oid=right_oid first_approved_on=first_approved "
            "approved_at=approved_at updated_at=updated_at version=version "
            "competence_acquisition_needed=needs_competence career_plan_goal=career_goal "
            "competence_achieved_on=achieved_on student_email=email student_phone=phone "
            "preparatory_right_oid=tuva_right entered_manually=manual",
        ),
        "units": table(
            "units.csv",
            "key=unit_no plan_key=plan_no parent_key=parent_no kind=kind code=code code_version=code_version "
            "requirements_number=requirements_no name=name extent=extent amosaa_id=amosaa goals=goals "
            "deviation=deviation provider_oid=provider essential_circumstance=essential hours=hours start=start "
            "end=end description=description support_type=support_type unit_group=unit_group",
        ),
        "periods": table(
            "periods.csv",
            "key=period_no unit_key=unit_no source_key=key start=start end=end detail=detail mode=mode "
            "representative_name=rep_name representative_role=rep_role representative_org=rep_org "
            "procuring_name=buyer_rep_name procuring_role=buyer_rep_role procuring_org=buyer_rep_org "
            "instructor_name=instructor instructor_email=instructor_email instructor_phone=instructor_phone "
            "workplace_name=workplace workplace_business_id=workplace_id key_tasks=tasks "
            "working_time_percent=percent apprenticeship_basis=basis",
        ),
        "environments": table("environments.csv", "period_key=period_no code=code start=start end=end"),
        "interruptions": table("breaks.csv", "period_key=period_no start=start end=end"),
        "demonstrations": table(
            "demos.csv",
            "key=demo_no unit_key=unit_no prior_key=prior_no start=start end=end organiser_oid=organiser "
            "subareas=subareas environment_name=place environment_business_id=place_id "
            "environment_description=place_description contents=content deviation=deviation criteria=criteria",
        ),
        "assessors": table(
            "assessors.csv",
            "demonstration_key=demo_no prior_key=prior_no kind=kind name=name organisation_oid=org_oid "
            "organisation_name=org_name organisation_business_id=org_id",
        ),
        "prior_units": table(
            "prior.csv",
            "key=prior_no plan_key=plan_no parent_key=parent_no kind=kind code=code code_version=code_version "
            "requirements_number=requirements_no name=name extent=extent amosaa_id=amosaa goals=goals "
            "deviation=deviation provider_oid=provider essential_circumstance=essential process=process "
            "sent_on=sent_on",
        ),
        "appointments": table(
            "appointments.csv",
            "person_oid=person_oid kind=kind right_oid=right_oid learner_oid=learner_oid part_key=part unit_code=unit "
            "start=start end=end environment=place",
        ),
        "assignments": table("roles.csv", "person_oid=person_oid role=role person_key=student_no group=group"),
    },
)
"""Provider C: a system that exports in English, in UTF-8, with whole codes."""

DIALECTS: dict[Letter, Dialect] = {"A": A, "B": B, "C": C}
"""The dialect of the system in which each provider keeps rows."""
