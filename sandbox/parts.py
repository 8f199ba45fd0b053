"""The parts of a plan: learning periods, demonstrations, assessors and representatives, in the shape of eHOKS."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from hoks.identifiers import Check, check_business_id

from . import BUSINESS_DAY
from .cast import Letter
from .organisations import LANGUAGE, organisation
from .texts import Qualification, Words, texts

Json = dict[str, Any]

CONTACTS_WIPED_AFTER = timedelta(days=92)
"""eHOKS wipes an instructor's contacts three months after the period's end, a student's after the studies' end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """What a plan is to be about; ``end`` is the end of the studies, foreseen or real."""

    right_oid: str
    learner_oid: str
    student_name: str
    provider: Letter
    school_key: str
    start: date
    end: date
    qualification: Qualification | None
    """None makes it a plan of preparatory education (TUVA)."""
    traits: frozenset[str] = frozenset()
    draft: bool = False
    small: bool = False
    tuva_right_oid: str | None = None

    def has(self, trait: str) -> bool:
        """Whether the plan is to show this."""
        return trait in self.traits


def present(**values: Any) -> Json:
    """An object with its keys in the kebab case of the wire and without the keys that have no value."""
    return {key.replace("_", "-"): value for key, value in values.items() if value is not None}


def code(prefix: str, uri: str | None, version: int = 1) -> Json:
    """A code as the wire has it: a pair of keys, or nothing."""
    return {} if uri is None else {f"{prefix}koodi-uri": uri, f"{prefix}koodi-versio": version}


def local_unit_code(letter: str, place: int) -> str:
    """The four-part code of a provider's local unit in the register of local curricula."""
    return f"paikallinen_tutkinnonosa_{organisation(letter).oid}_{700 + place}"


def email(name: str, host: str) -> str:
    """An address under the reserved top domain ``example``."""
    plain = name.lower().translate(str.maketrans("åäö ", "aao."))
    return f"{plain}@{host}.example"


@cache
def business_id(serial: int) -> str:
    """An invented business id with a right check digit, from a series that is not in use."""
    stem = 9_100_000 + serial * 10
    candidates = (f"{stem + step}-{digit}" for step in range(10) for digit in range(10))
    return next(text for text in candidates if check_business_id(text) is Check.OK)


class Scribe:
    """Writes the parts of one plan. Every choice comes from one seeded source, so the same order gives the same."""

    def __init__(self, order: PlanOrder, rng: random.Random) -> None:
        self.order = order
        self.rng = rng
        self.language = LANGUAGE[order.provider]
        self.words: Words = texts().words_in(self.language)
        self.school_oid = organisation(order.school_key).oid
        self._periods = 0

    def uuid(self) -> str:
        """An identifier that eHOKS would have made."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def name(self) -> str:
        """Somebody's name."""
        people = texts().people
        return f"{self.rng.choice(people.given)} {self.rng.choice(people.family)}"

    def phone(self) -> str:
        """A number from a series that no operator gives out."""
        return f"+358 50 000 {self.rng.randrange(10_000):04d}"

    def workplace(self) -> tuple[str, str]:
        """A workplace's name and business id."""
        serial = self.rng.randrange(len(texts().workplace))
        names = texts().workplace[serial].name
        return (names.sv if self.language == "sv" else names.fi), business_id(serial)

    def _qualified(self) -> Qualification:
        return self.order.qualification or texts().qualification[0]

    def tasks(self, count: int) -> list[str]:
        """Key tasks at the workplace."""
        lines = self._qualified().tasks
        return self.rng.sample(lines.sv if self.language == "sv" else lines.fi, count)

    def situations(self, count: int) -> list[str]:
        """Work situations in which competence is shown."""
        lines = self._qualified().situations
        chosen = self.rng.sample(lines.sv if self.language == "sv" else lines.fi, count)
        return [f"{self.words.contents_lead} {line[0].lower()}{line[1:]}" for line in chosen]

    def representative(self, organisation_oid: str, roles: tuple[str, ...]) -> Json:
        """A person at a school."""
        return {"nimi": self.name(), "rooli": self.rng.choice(roles), "oppilaitos-oid": organisation_oid}

    def school_period(self, start: date, end: date) -> Json:
        """Education at the school, in the other learning environments too if the plan is to show them."""
        environments = None
        if self.order.has("environments"):
            environments = [
                {
                    "oppimisymparisto-koodi-uri": f"oppimisymparistot_{self.rng.randint(1, 4):04d}",
                    "oppimisymparisto-koodi-versio": 1,
                    "alku": start.isoformat(),
                    "loppu": min(end, start + timedelta(days=13)).isoformat(),
                }
            ]
        return present(
            module_id=self.uuid(),
            **code("osaamisen-hankkimistapa-", "osaamisenhankkimistapa_oppilaitosmuotoinenkoulutus"),
            alku=start.isoformat(),
            loppu=end.isoformat(),
            ajanjakson_tarkenne=self.rng.choice(self.words.period_details),
            jarjestajan_edustaja=self.representative(self.school_oid, self.words.teacher_roles),
            muut_oppimisymparistot=environments,
        )

    def workplace_period(
        self, start: date, end: date, *, apprenticeship: bool = False, taught_at: str | None = None
    ) -> Json:
        """Learning at a workplace. ``taught_at`` is the school whose teacher looks after it, if another than ours."""
        self._periods += 1
        mode = "oppisopimus" if apprenticeship else "koulutussopimus"
        buyer = self.order.has("procured_representative")
        basis = f"oppisopimuksenperusta_{self.rng.randint(1, 2):02d}" if apprenticeship else None
        return present(
            module_id=self.uuid(),
            yksiloiva_tunniste=f"wp-{self.order.right_oid.rsplit('.', 1)[-1]}-{self._periods}",
            **code("osaamisen-hankkimistapa-", f"osaamisenhankkimistapa_{mode}"),
            **code("oppisopimuksen-perusta-", basis),
            alku=start.isoformat(),
            loppu=end.isoformat(),
            ajanjakson_tarkenne=self.rng.choice(self.words.period_details),
            jarjestajan_edustaja=self.representative(taught_at or self.school_oid, self.words.teacher_roles),
            hankkijan_edustaja=self.representative(self.school_oid, self.words.buyer_roles) if buyer else None,
            tyopaikalla_jarjestettava_koulutus=self._workplace_learning(end),
            osa_aikaisuustieto=self.rng.choice((50, 75, 80, 100)),
            keskeytymisajanjaksot=self._interruptions(start, end),
        )

    def _workplace_learning(self, end: date) -> Json:
        name, number = self.workplace()
        instructor = self.name()
        wiped = end + CONTACTS_WIPED_AFTER < BUSINESS_DAY
        return {
            "vastuullinen-tyopaikka-ohjaaja": present(
                nimi=instructor,
                sahkoposti=None if wiped else email(instructor, "tyopaikka"),
                puhelinnumero=None if wiped else self.phone(),
            ),
            "tyopaikan-nimi": name,
            "tyopaikan-y-tunnus": number,
            "keskeiset-tyotehtavat": self.tasks(4),
        }

    def _interruptions(self, start: date, end: date) -> list[Json] | None:
        if not self.order.has("interrupted"):
            return None
        first = start + timedelta(days=5)
        closed: Json = {"alku": first.isoformat(), "loppu": (first + timedelta(days=4)).isoformat()}
        if not start <= BUSINESS_DAY <= end:
            return [closed]
        # One that is still open may only be the last one, and may not overlap.
        since = max(start, BUSINESS_DAY - timedelta(days=4))
        earlier = [closed] if first + timedelta(days=4) < since else []
        return [*earlier, {"alku": since.isoformat()}]

    def school_assessor(self) -> Json:
        """An assessor named by the provider."""
        return {"nimi": self.name(), "organisaatio": {"oppilaitos-oid": self.school_oid}}

    def work_assessor(self) -> Json:
        """An assessor from working life."""
        name, number = self.workplace()
        return {"nimi": self.name(), "organisaatio": {"nimi": name, "y-tunnus": number}}

    def demonstration(self, start: date, *, subareas: tuple[str, ...] = (), elsewhere: bool = False) -> Json:
        """A demonstration of competence; with ``elsewhere`` another organisation of ours arranges it."""
        place, number = self.workplace()
        special = self.order.has("special_support")
        organiser = {"oppilaitos-oid": self.school_oid} if elsewhere else None
        return present(
            module_id=self.uuid(),
            alku=start.isoformat(),
            loppu=(start + timedelta(days=self.rng.randint(0, 4))).isoformat(),
            jarjestaja=organiser,
            osa_alueet=[code("", f"ammatillisenoppiaineet_{s}") for s in subareas] or None,
            nayttoymparisto={
                "nimi": place,
                "y-tunnus": number,
                "kuvaus": self.rng.choice(self.words.environment_descriptions),
            },
            sisallon_kuvaus=self.situations(2),
            koulutuksen_jarjestaja_osaamisen_arvioijat=[self.school_assessor()],
            tyoelama_osaamisen_arvioijat=[self.work_assessor()],
            vaatimuksista_tai_tavoitteista_poikkeaminen=self.deviation() if special else None,
            yksilolliset_kriteerit=list(self.words.criteria) if special else None,
        )

    def deviation(self) -> str:
        """A deviation from the requirements, as the plan words it."""
        return self.rng.choice(self.words.deviations)
