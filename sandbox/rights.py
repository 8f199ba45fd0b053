"""A study right as Koski writes it: codes with names, institution and provider, status periods, completions."""

from collections.abc import Iterator
from datetime import datetime, time

from .organisations import Organisation, organisation, provider_of
from .parts import Json
from .world import StatusPeriod, StudyRight, World

_STATES = {
    "lasna": ("Läsnä", "Närvarande", "Present"),
    "loma": ("Loma", "Lov", "Vacation"),
    "valiaikaisestikeskeytynyt": ("Väliaikaisesti keskeytynyt", "Tillfälligt avbruten", "Temporarily suspended"),
    "valmistunut": ("Valmistunut", "Utexaminerad", "Graduated"),
    "eronnut": ("Eronnut", "Avgått", "Discontinued"),
    "katsotaaneronneeksi": ("Katsotaan eronneeksi", "Anses ha avgått", "Considered as discontinued"),
    "peruutettu": ("Peruutettu", "Återkallad", "Revocated"),
    "mitatoity": ("Mitätöity", "Ogiltigförklarad", "Invalidated"),
}
_TYPES = {
    "ammatillinenkoulutus": ("Ammatillinen koulutus", "Yrkesutbildning", "Vocational education and training"),
    "tuva": ("Tutkintokoulutukseen valmentava koulutus", "Handledande utbildning", "Preparatory education"),
}
_SYSTEMS = {"A": "peppi", "B": "primus", "C": "studentaplus", "D": "campus"}


def koski_right(right: StudyRight, world: World) -> Json:
    """The whole document of a right."""
    document = {
        "oid": right.oid,
        "versionumero": len(right.periods) + 1,
        "aikaleima": _stamp(right.periods[-1]),
        "lähdejärjestelmänId": {
            "id": f"{right.provider}-{right.oid.rsplit('.', 1)[-1]}",
            "lähdejärjestelmä": _code("lahdejarjestelma", _SYSTEMS[right.provider]),
        },
        "oppilaitos": _institution(right.school),
        "koulutustoimija": _provider(provider_of(right.school)),
        "sisältyyOpiskeluoikeuteen": _link(right),
        "organisaatiohistoria": _history(right),
        "arvioituPäättymispäivä": right.estimated_end.isoformat(),
        "ostettu": right.purchased,
        "tila": {"opiskeluoikeusjaksot": [_period(p) for p in right.periods]},
        "suoritukset": [_completion(right, world)],
        "lisätiedot": _additional(right, world),
        "tyyppi": _code("opiskeluoikeudentyyppi", right.type, _TYPES[right.type]),
        "alkamispäivä": right.start.isoformat(),
        "päättymispäivä": right.end.isoformat() if right.end else None,
    }
    return {key: value for key, value in document.items() if value is not None}


def _stamp(period: StatusPeriod) -> str:
    return datetime.combine(period.start, time(9, 46, 24, 834939)).isoformat()


def _code(codeset: str, value: str, names: tuple[str, str, str] | None = None) -> Json:
    fi, sv, en = names or (value, value, value)
    return {
        "koodiarvo": value,
        "nimi": {"fi": fi, "sv": sv, "en": en},
        "koodistoUri": codeset,
        "koodistoVersio": 1,
    }


def _institution(school: Organisation) -> Json:
    name = school.name
    return {
        "oid": school.oid,
        "oppilaitosnumero": _code("oppilaitosnumero", school.code, (name.fi, name.sv, name.en)),
        "nimi": name.as_dict(),
    }


def _provider(provider: Organisation) -> Json:
    return {"oid": provider.oid, "nimi": provider.name.as_dict(), "yTunnus": provider.code}


def _link(right: StudyRight) -> Json | None:
    link = right.included_in
    return None if link is None else {"oppilaitos": {"oid": link.school_oid}, "oid": link.right_oid}


def _history(right: StudyRight) -> list[Json] | None:
    """To whom the right belonged before, and until when."""
    return [
        {
            "muutospäivä": earlier.until.isoformat(),
            "oppilaitos": _institution(earlier.school),
            "koulutustoimija": _provider(provider_of(earlier.school)),
        }
        for earlier in right.history
    ] or None


def _period(period: StatusPeriod) -> Json:
    funding = ("Valtionosuusrahoitteinen koulutus", "Statsandelsfinansierad utbildning", "Government funding")
    return {
        "alku": period.start.isoformat(),
        "tila": _code("koskiopiskeluoikeudentila", period.state, _STATES[period.state]),
        "opintojenRahoitus": _code("opintojenrahoitus", "1", funding),
    }


def _completion(right: StudyRight, world: World) -> Json:
    sort = "ammatillinentutkinto" if right.qualification else "tuvakoulutuksensuoritus"
    language = (
        ("SV", ("ruotsi", "svenska", "Swedish")) if right.provider == "C" else ("FI", ("suomi", "finska", "Finnish"))
    )
    return {
        **_studied(right),
        "toimipiste": {"oid": right.site.oid, "nimi": right.site.name.as_dict()},
        "alkamispäivä": right.start.isoformat(),
        "suorituskieli": _code("kieli", *language),
        "osasuoritukset": list(_units(right, world)),
        "tyyppi": _code("suorituksentyyppi", sort),
    }


def _studied(right: StudyRight) -> Json:
    studied = right.qualification
    if studied is None:
        return {"koulutusmoduuli": {"tunniste": _code("koulutus", "999908", _TYPES["tuva"])}}
    name, area, title = studied.name, studied.area, studied.title
    named_area = _code("osaamisala", studied.area_code, (area.fi, area.sv, area.en))
    return {
        "koulutusmoduuli": {
            "tunniste": _code("koulutus", studied.code, (name.fi, name.sv, name.en)),
            "perusteenDiaarinumero": studied.requirements_number,
            "perusteenNimi": {"fi": name.fi, "sv": name.sv},
        },
        "suoritustapa": _code("ammatillisentutkinnonsuoritustapa", "reformi"),
        "tutkintonimike": [_code("tutkintonimikkeet", f"1{studied.area_code}", (title.fi, title.sv, title.en))],
        "osaamisala": [{"osaamisala": named_area, "alku": right.start.isoformat()}],
    }


def _units(right: StudyRight, world: World) -> Iterator[Json]:
    """The first unit as completed, and the units that were bought one by one and so recognised."""
    if right.qualification is None:
        return
    yield _unit(right.qualification.units[0])
    seller = organisation("B").oid
    for plan in world.plans:
        if plan.right is right:
            for prior in plan.document["aiemmin-hankitut-ammat-tutkinnon-osat"]:
                if prior.get("koulutuksen-jarjestaja-oid") == seller:
                    code = prior["tutkinnon-osa-koodi-uri"].removeprefix("tutkinnonosat_")
                    reason = {"fi": "Tutkinnon osa on hankittu toiselta koulutuksen järjestäjältä."}
                    recognised = {"selite": reason, "rahoituksenPiirissä": True}
                    yield _unit(code) | {"tunnustettu": recognised}


def _unit(code: str) -> Json:
    points = ("osaamispistettä", "kompetenspoäng", "ECVET competence points")
    return {
        "koulutusmoduuli": {
            "tunniste": _code("tutkinnonosat", code),
            "pakollinen": True,
            "laajuus": {"arvo": 30, "yksikkö": _code("opintojenlaajuusyksikko", "6", points)},
        },
        "tutkinnonOsanRyhmä": _code("ammatillisentutkinnonosanryhma", "1"),
        "tyyppi": _code("suorituksentyyppi", "ammatillisentutkinnonosa"),
    }


def _additional(right: StudyRight, world: World) -> Json:
    """Koski shows the kinds of support to accounts with a special right; nobody may pass them on."""
    supported = any(p.document["oppimisen-tuki"] for p in world.plans if p.right is right)
    support = {"erityinenTuki": [{"alku": right.start.isoformat()}]} if supported else {}
    return {"henkilöstökoulutus": False, "koulutusvienti": False, **support}
