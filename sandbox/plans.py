"""A whole plan from an order and a seed, in the shape of eHOKS, which is the neutral form of this room.

Every field of the plan is written somewhere in the cast; which plan shows what is said by the order's traits.
"""

import copy
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from . import BUSINESS_DAY
from .organisations import organisation
from .parts import CONTACTS_WIPED_AFTER, Json, PlanOrder, Scribe, code, email, local_unit_code, present
from .texts import CommonUnit, Qualification, texts

LISTS = (
    "aiemmin-hankitut-ammat-tutkinnon-osat",
    "aiemmin-hankitut-yhteiset-tutkinnon-osat",
    "aiemmin-hankitut-paikalliset-tutkinnon-osat",
    "oppimisen-tuki",
    "opiskeluvalmiuksia-tukevat-opinnot",
    "hankittavat-ammat-tutkinnon-osat",
    "hankittavat-yhteiset-tutkinnon-osat",
    "hankittavat-paikalliset-tutkinnon-osat",
    "hankittavat-koulutuksen-osat",
)
"""The nine part lists of a plan; a full read always has all of them."""

HELSINKI = ZoneInfo("Europe/Helsinki")
_TUVA_PARTS = (("101", 6), ("102", 8), ("103", 5.5), ("105", 10), ("107", 8.5))


def make_plan(order: PlanOrder, *, source_id: int, seed: int) -> Json:
    """The plan that an order asks for."""
    rng = random.Random(f"{seed}:{order.right_oid}")  # noqa: S311  (invented data, repeatable on purpose)
    scribe = Scribe(order, rng)
    plan = _top(scribe, source_id) | {name: [] for name in LISTS}
    if order.qualification is None:
        plan["hankittavat-koulutuksen-osat"] = list(_preparatory_parts(order))
    else:
        _fill_units(plan, scribe, order.qualification)
    if order.has("new_support"):
        plan["oppimisen-tuki"] = _learning_support(order)
    if order.has("old_support"):
        plan["opiskeluvalmiuksia-tukevat-opinnot"] = _study_skills(scribe)
    return plan


def older_copy(plan: Json) -> Json:
    """The plan as it was before its last update: what a partner keeps who was sent it once."""
    old = copy.deepcopy(plan)
    old["versio"] = plan["versio"] - 1
    old["urasuunnitelma-koodi-uri"] = "urasuunnitelma_0003"
    for key in ("hyvaksytty", "paivitetty"):
        moment = datetime.fromisoformat(plan[key]) - timedelta(days=120)
        old[key] = _wire(moment)
    old["hankittavat-ammat-tutkinnon-osat"] = old["hankittavat-ammat-tutkinnon-osat"][:-1]
    return old


def _top(scribe: Scribe, source_id: int) -> Json:
    order, rng = scribe.order, scribe.rng
    last_day = min(order.end, BUSINESS_DAY - timedelta(days=2))
    first = min(order.start + timedelta(days=rng.randint(10, 20)), last_day)
    approved = first + timedelta(days=int((last_day - first).days * rng.uniform(0.3, 0.8)))
    contacts = order.end + CONTACTS_WIPED_AFTER >= BUSINESS_DAY
    return present(
        id=source_id,
        eid=scribe.uuid(),
        oppija_oid=order.learner_oid,
        opiskeluoikeus_oid=order.right_oid,
        tuva_opiskeluoikeus_oid=order.tuva_right_oid,
        sahkoposti=email(order.student_name, "opiskelija") if contacts else None,
        puhelinnumero=scribe.phone() if contacts else None,
        **code("urasuunnitelma-", f"urasuunnitelma_{rng.choice(('0001', '0002'))}"),
        versio=rng.randint(2, 9),
        ensikertainen_hyvaksyminen=None if order.draft else first.isoformat(),
        hyvaksytty=None if order.draft else _instant(approved, rng),
        paivitetty=_instant(last_day, rng),
        osaamisen_saavuttamisen_pvm=order.end.isoformat() if order.has("achieved") else None,
        osaamisen_hankkimisen_tarve=True,
        manuaalisyotto=rng.random() < 0.3,
    )


def _instant(day: date, rng: random.Random) -> str:
    # Whole minutes: provider B's files hold no seconds.
    local = datetime.combine(day, time(rng.randint(8, 16), rng.randint(0, 59)), HELSINKI)
    return _wire(local)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fill_units(plan: Json, scribe: Scribe, qualification: Qualification) -> None:
    order = scribe.order
    planned = qualification.units[:2] if order.small else qualification.units[:5]
    windows = list(_windows(order.start, order.end, len(planned)))
    last = len(planned) - 1
    plan["hankittavat-ammat-tutkinnon-osat"] = [
        _vocational_unit(scribe, qualification, unit, window, last=place == last)
        for place, (unit, window) in enumerate(zip(planned, windows, strict=True))
    ]
    prior_common = _prior_common_unit(order)
    commons = [u for u in texts().common_unit if u is not prior_common or not order.has("prior")]
    plan["hankittavat-yhteiset-tutkinnon-osat"] = [
        _common_unit(scribe, unit, window)
        for unit, window in zip(
            commons[:1] if order.small else commons,
            _windows(order.start, order.end, 1 if order.small else len(commons)),
            strict=True,
        )
    ]
    if order.has("local"):
        plan["hankittavat-paikalliset-tutkinnon-osat"] = [_local_unit(scribe, windows[-1])]
    if order.has("prior"):
        plan["aiemmin-hankitut-ammat-tutkinnon-osat"] = _prior_vocational(scribe, qualification)
        plan["aiemmin-hankitut-yhteiset-tutkinnon-osat"] = [_prior_common(scribe, prior_common)]
        plan["aiemmin-hankitut-paikalliset-tutkinnon-osat"] = [_prior_local(scribe)]


def _windows(start: date, end: date, count: int) -> Iterator[tuple[date, date]]:
    """The time of the studies cut in equal pieces."""
    step = (end - start).days // count
    for place in range(count):
        first = start + timedelta(days=place * step)
        yield first, (end if place == count - 1 else first + timedelta(days=step - 1))


def _is_now(window: tuple[date, date]) -> bool:
    return window[0] <= BUSINESS_DAY <= window[1]


def _vocational_unit(
    scribe: Scribe, qualification: Qualification, unit: str, window: tuple[date, date], *, last: bool
) -> Json:
    order, now = scribe.order, _is_now(window)
    seller = organisation("B-school").oid if now and order.has("seller_teaches") else None
    periods, shown_on = _periods(scribe, window, apprenticeship=last and order.has("apprenticeship"), at=seller)
    return present(
        module_id=scribe.uuid(),
        **code("tutkinnon-osa-", f"tutkinnonosat_{unit}", 2),
        tutkinnon_osan_perusteen_diaarinro=qualification.requirements_number,
        vaatimuksista_tai_tavoitteista_poikkeaminen=_deviation(scribe, now),
        osaamisen_hankkimistavat=periods,
        osaamisen_osoittaminen=[
            scribe.demonstration(shown_on, subareas=("vvtd", "ytkk") if last else (), elsewhere=now)
        ],
        koulutuksen_jarjestaja_oid=seller,
        olennainen_seikka=now if order.has("essential") else None,
        opetus_ja_ohjaus_maara=scribe.rng.choice((112.5, 180, 240.5, 300)),
    )


def _deviation(scribe: Scribe, wanted: bool) -> str | None:
    return scribe.deviation() if wanted and scribe.order.has("special_support") else None


def _periods(
    scribe: Scribe, window: tuple[date, date], *, apprenticeship: bool, at: str | None
) -> tuple[list[Json], date]:
    """First the school, then the workplace; a unit under way is at the workplace today. With it, the day of showing."""
    start, end = window
    middle = start + (end - start) / 2
    work_start, work_end = middle + timedelta(days=3), end - timedelta(days=7)
    if _is_now(window):
        work_start = max(start + timedelta(days=7), BUSINESS_DAY - timedelta(days=21))
        work_end = min(scribe.order.end, BUSINESS_DAY + timedelta(days=53))
        middle = work_start - timedelta(days=3)
    at_school = scribe.school_period(start, middle)
    at_work = scribe.workplace_period(work_start, work_end, apprenticeship=apprenticeship, taught_at=at)
    return [at_school, at_work], work_end - timedelta(days=4)


def _common_unit(scribe: Scribe, unit: CommonUnit, window: tuple[date, date]) -> Json:
    subareas = unit.subareas[:2] if scribe.order.small else unit.subareas
    slots = _windows(*window, len(subareas))
    return {
        "module-id": scribe.uuid(),
        **code("tutkinnon-osa-", f"tutkinnonosat_{unit.code}", 2),
        "osa-alueet": [_subarea(scribe, s, slot) for s, slot in zip(subareas, slots, strict=True)],
        **present(koulutuksen_jarjestaja_oid=_other_school(scribe)),
    }


def _other_school(scribe: Scribe) -> str | None:
    return organisation("B-school").oid if scribe.order.has("seller_teaches") else None


def _subarea(scribe: Scribe, subarea: str, slot: tuple[date, date]) -> Json:
    order, now = scribe.order, _is_now(slot)
    return present(
        module_id=scribe.uuid(),
        **code("osa-alue-", f"ammatillisenoppiaineet_{subarea}"),
        osaamisen_hankkimistavat=[scribe.school_period(*slot)],
        osaamisen_osoittaminen=[scribe.demonstration(slot[1] - timedelta(days=5))] if now else None,
        vaatimuksista_tai_tavoitteista_poikkeaminen=_deviation(scribe, now),
        koulutuksen_jarjestaja_oid=_other_school(scribe) if now else None,
        olennainen_seikka=True if now and order.has("essential") else None,
        opetus_ja_ohjaus_maara=scribe.rng.choice((27, 40.5, 54)),
    )


def _local_identity(scribe: Scribe) -> Json:
    rng = scribe.rng
    number = rng.randint(700_000, 799_999)
    name = rng.choice(scribe.words.local_units)
    # The id is free text: some write the national four-part code, and some a number of their own.
    place = scribe.words.local_units.index(name)
    return {
        "amosaa-tunniste": local_unit_code(scribe.order.provider, place) if number % 2 else f"{number}",
        "nimi": name,
        "laajuus": rng.choice((5, 10, 15)),
        "tavoitteet-ja-sisallot": scribe.words.local_goals,
    }


def _local_unit(scribe: Scribe, window: tuple[date, date]) -> Json:
    order = scribe.order
    periods, shown_on = _periods(scribe, window, apprenticeship=False, at=None)
    return present(
        module_id=scribe.uuid(),
        **_local_identity(scribe),
        vaatimuksista_tai_tavoitteista_poikkeaminen=_deviation(scribe, True),
        osaamisen_hankkimistavat=periods,
        osaamisen_osoittaminen=[scribe.demonstration(shown_on)],
        koulutuksen_jarjestaja_oid=organisation("B-site").oid if order.has("seller_teaches") else None,
        olennainen_seikka=True if order.has("essential") else None,
        opetus_ja_ohjaus_maara=90,
    )


def _process(number: int | None) -> Json:
    uri = None if number is None else f"osaamisentodentamisenprosessi_{number:04d}"
    return code("valittu-todentamisen-prosessi-", uri)


def _verification(scribe: Scribe, number: int | None) -> Json:
    """How prior competence was verified: the process, and the demonstration or the assessors it calls for."""
    before = scribe.order.start - timedelta(days=scribe.rng.randint(60, 200))
    referral: Json = {"aiemmin-hankitun-osaamisen-arvioijat": []}
    if number == 2:
        sent = min(scribe.order.start + timedelta(days=9), BUSINESS_DAY - timedelta(days=3))
        referral = {
            "lahetetty-arvioitavaksi": sent.isoformat(),
            "aiemmin-hankitun-osaamisen-arvioijat": [scribe.school_assessor(), scribe.school_assessor()],
        }
    return _process(number) | {
        "tarkentavat-tiedot-naytto": [scribe.demonstration(before, elsewhere=True)] if number == 3 else [],
        "tarkentavat-tiedot-osaamisen-arvioija": referral,
    }


def _prior_vocational(scribe: Scribe, qualification: Qualification) -> list[Json]:
    """One prior unit of each way of verifying; two of them come from another qualification."""
    order = scribe.order
    other = next(q for q in texts().qualification if q is not qualification)
    units = (*qualification.units[5:7], *other.units[5:7])
    priors = []
    for unit, process in zip(units, (1, 2, 3, None), strict=True):
        verifier = order.has("bought_unit") and process == 1
        # The national service has no column for a deviation here: only other systems hold one.
        deviation = _deviation(scribe, process == 2 and order.provider != "A")
        priors.append(
            present(
                module_id=scribe.uuid(),
                **code("tutkinnon-osa-", f"tutkinnonosat_{unit}", 2),
                tutkinnon_osan_perusteen_diaarinro=qualification.requirements_number,
                koulutuksen_jarjestaja_oid=organisation("B").oid if verifier else _verifier(scribe, process),
                olennainen_seikka=process == 2 if order.has("essential") else None,
                vaatimuksista_tai_tavoitteista_poikkeaminen=deviation,
                **_verification(scribe, process),
            )
        )
    return priors


def _verifier(scribe: Scribe, process: int | None) -> str | None:
    return scribe.school_oid if process in (2, 3) else None


def _prior_common_unit(order: PlanOrder) -> CommonUnit:
    # Another unit at each provider, so that who studies at two plans at one what the other has recognised.
    return texts().common_unit[{"A": 1, "B": 0, "C": 2, "D": 0}[order.provider]]


def _prior_common(scribe: Scribe, unit: CommonUnit) -> Json:
    special = scribe.order.has("special_support")
    subareas = [
        present(
            module_id=scribe.uuid(),
            **code("osa-alue-", f"ammatillisenoppiaineet_{subarea}"),
            koulutuksen_jarjestaja_oid=scribe.school_oid,
            vaatimuksista_tai_tavoitteista_poikkeaminen=scribe.deviation() if special else None,
            olennainen_seikka=True if scribe.order.has("essential") else None,
            **_verification(scribe, process),
        )
        for subarea, process in zip(unit.subareas, (1, 3, 2, 1), strict=False)
    ]
    return {
        "module-id": scribe.uuid(),
        **code("tutkinnon-osa-", f"tutkinnonosat_{unit.code}", 2),
        "koulutuksen-jarjestaja-oid": scribe.school_oid,
        "osa-alueet": subareas,
        **_verification(scribe, scribe.rng.choice((1, 2, 3))),
    }


def _prior_local(scribe: Scribe) -> Json:
    return present(
        module_id=scribe.uuid(),
        **_local_identity(scribe),
        vaatimuksista_tai_tavoitteista_poikkeaminen=_deviation(scribe, True),
        koulutuksen_jarjestaja_oid=scribe.school_oid,
        olennainen_seikka=True if scribe.order.has("essential") else None,
        **_verification(scribe, scribe.rng.choice((2, 3))),
    )


def _learning_support(order: PlanOrder) -> list[Json]:
    """The form in force from 1.8.2026: type 01 must have dates and a unit group, types 02 and 03 may not."""
    prefix = "ammatillinenkoulutusoppimisentuentyyppi"
    start = max(order.start, date(2026, 8, 10))
    remedial = {
        "oppimisen-tuen-tyyppi-koodi-uri": f"{prefix}_01",
        "alku": start.isoformat(),
        "loppu": (start + timedelta(days=116)).isoformat(),
        "tutkinnon-osan-tyyppi-koodi-uri": f"ammatillisentutkinnonosanryhma_{1 if order.provider == 'C' else 2}",
    }
    return [remedial, *({"oppimisen-tuen-tyyppi-koodi-uri": f"{prefix}_{n}"} for n in ("02", "03"))]


def _study_skills(scribe: Scribe) -> list[Json]:
    start = scribe.order.start + timedelta(days=28)
    return [
        {
            "nimi": name,
            "kuvaus": description,
            "alku": (start + timedelta(days=56 * place)).isoformat(),
            "loppu": (start + timedelta(days=56 * place + 41)).isoformat(),
        }
        for place, (name, description) in enumerate(scribe.words.study_skills)
    ]


def _preparatory_parts(order: PlanOrder) -> Iterator[Json]:
    windows = _windows(order.start, order.end, len(_TUVA_PARTS))
    for (part, weeks), (start, end) in zip(_TUVA_PARTS, windows, strict=True):
        yield {
            **code("koulutuksen-osa-", f"koulutuksenosattuva_{part}"),
            "alku": start.isoformat(),
            "loppu": end.isoformat(),
            "laajuus": weeks,
        }
