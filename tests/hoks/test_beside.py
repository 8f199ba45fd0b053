"""What is made of a record is found by the very record, for as long as somebody holds it."""

import gc
import weakref
from collections.abc import Iterator

import msgspec
import pytest

import hoks.beside
from hoks.beside import Beside, Holding, itself
from hoks.plan import Hoks
from tests.hoks.stories import A1, B1


class Making:
    """Counts how often something is made."""

    def __init__(self) -> None:
        self.times = 0

    def text(self, plan: Hoks, *given: object) -> str:
        self.times += 1
        return f"{plan.study_right_oid} {given}"

    def itself(self, plan: Hoks) -> Hoks:
        self.times += 1
        return plan

    def another(self, plan: Hoks, version: int) -> Hoks:
        self.times += 1
        return msgspec.structs.replace(plan, version=version)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()  # others may have left something for it
    before = len(hoks.beside._besides)
    gc.disable()
    yield
    assert len(hoks.beside._besides) == before
    gc.enable()


def held(plan: Hoks) -> tuple[Hoks, Holding]:
    return plan, Holding([plan])


def test_what_was_made_of_a_record_is_not_made_again() -> None:
    making, (plan, _holding) = Making(), held(Hoks(study_right_oid=A1))
    texts: Beside[Hoks, str] = Beside(making.text)
    assert texts(plan, 1) == texts(plan, 1) == f"{A1} (1,)"
    assert making.times == 1


def test_of_a_record_that_nobody_holds_it_is_made_anew() -> None:
    making, plan = Making(), Hoks(study_right_oid=A1)
    texts: Beside[Hoks, str] = Beside(making.text)
    assert texts(plan) == texts(plan)
    assert making.times == 2


def test_an_equal_record_is_another_one() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text)
    (one, _one), (equal, _equal) = held(Hoks(study_right_oid=A1)), held(Hoks(study_right_oid=A1))
    assert one == equal
    texts(one), texts(equal), texts(Hoks(study_right_oid=A1))
    assert making.times == 3


def test_what_else_it_is_made_of_has_to_be_equal() -> None:
    making, (plan, _holding) = Making(), held(Hoks(study_right_oid=A1))
    texts: Beside[Hoks, str] = Beside(making.text)
    assert [texts(plan, given) for given in (1, 2, 1)] == [f"{A1} ({given},)" for given in (1, 2, 1)]
    assert making.times == 3


def test_that_nothing_was_made_is_not_the_record() -> None:
    nothing: Beside[Hoks, None] = Beside(lambda _: None, itself)
    plan, _holding = held(Hoks(study_right_oid=A1))
    assert [nothing(plan), nothing(plan)] == [None, None]


def test_who_is_done_within_a_change_is_let_go_after_it() -> None:
    making, (plan, _holding) = Making(), held(Hoks(study_right_oid=A1))
    texts: Beside[Hoks, str] = Beside(making.text)
    going = [held(Hoks(study_right_oid=B1))]
    texts(going[0][0])
    before = len(hoks.beside._besides)
    # As where the collector comes by while something is put beside a record.
    with hoks.beside._changing:
        going.clear()
        assert len(hoks.beside._besides) == before
    texts(plan)
    assert len(hoks.beside._besides) == before - 1


class Made:
    """Something of which it can be told whether it is gone."""


def test_it_goes_when_the_last_lets_go_of_the_record_and_needs_no_collector() -> None:
    made: Beside[Hoks, Made] = Beside(lambda _, __: Made())
    plan = Hoks(study_right_oid=A1)
    first, second = Holding([plan]), Holding([plan])
    earlier, later = weakref.ref(made(plan, 1)), weakref.ref(made(plan, 2))
    assert earlier() is None and later() is made(plan, 2)
    del first
    assert later() is made(plan, 2)
    del second
    assert later() is None
    assert made(plan, 2) is not made(plan, 2)


def test_what_is_made_of_what_was_made_goes_with_it() -> None:
    making = Making()
    versions: Beside[Hoks, Hoks] = Beside(making.another, itself)
    themselves: Beside[Hoks, Hoks] = Beside(making.itself, itself)
    made: Beside[Hoks, Made] = Beside(lambda _: Made())
    plan, holding = held(Hoks(study_right_oid=B1))
    assert themselves(plan) is plan is themselves(plan)
    second = themselves(versions(plan, 2))
    of_second = weakref.ref(made(second))
    assert versions(plan, 2) is second and of_second() is made(second)
    third = versions(second, 3)
    assert third.version == 3 and versions(second, 3) is third
    assert making.times == 4
    assert versions(plan, 4).version == 4
    # Nobody holds the second any more.
    assert of_second() is None
    del holding


def test_a_record_in_the_place_of_one_that_went_has_its_own() -> None:
    texts: Beside[Hoks, str] = Beside(Making().text)
    for number in range(100):
        right = A1 if number % 2 else B1
        plan, _holding = held(Hoks(study_right_oid=right))
        assert texts(plan) == f"{right} ()"
        del plan, _holding


def test_of_more_records_than_are_held_the_oldest_is_let_go() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text, most=2)
    plans = [Hoks(study_right_oid=A1) for _ in range(3)]
    _holding = Holding(plans)
    for plan in plans:
        texts(plan)
    texts(plans[2]), texts(plans[1])
    assert making.times == 3
    texts(plans[0])
    assert making.times == 4


def test_what_is_made_anew_of_a_record_that_is_held_pushes_nothing_out() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text, most=2)
    (one, _one), (other, _other) = held(Hoks(study_right_oid=A1)), held(Hoks(study_right_oid=B1))
    texts(one), texts(other), texts(other, 2), texts(one)
    assert making.times == 3


def test_what_is_let_go_while_more_is_made_of_it_is_made_all_the_same() -> None:
    versions: Beside[Hoks, Hoks] = Beside(Making().another, itself, most=1)
    plan, holding = held(Hoks(study_right_oid=A1))
    # To make room for what is made of the second lets go of the second.
    assert [versions(versions(plan, 2), number).version for number in (3, 3, 4)] == [3, 3, 4]
    assert versions(plan, 2).version == 2
    del holding


def test_what_is_let_go_takes_along_what_was_made_of_it() -> None:
    making = Making()
    versions: Beside[Hoks, Hoks] = Beside(making.another, itself, most=1)
    made: Beside[Hoks, Made] = Beside(lambda _: Made())
    one, other = Hoks(study_right_oid=A1), Hoks(study_right_oid=B1)
    holding = Holding([one, other])
    of_version = weakref.ref(made(versions(one, 2)))
    assert of_version() is made(versions(one, 2))
    versions(other, 2)
    assert of_version() is None
    del holding


def test_the_collector_has_nothing_to_look_at() -> None:
    versions: Beside[Hoks, Hoks] = Beside(Making().another, itself)
    plans = [Hoks(study_right_oid=A1) for _ in range(1_000)]
    holding = Holding(plans)
    gc.collect()
    before = len(gc.get_objects())
    for plan in plans:
        versions(plan, 2)
    gc.collect()
    # Nothing for each plan; threads of other tests may make some of their own meanwhile.
    assert len(gc.get_objects()) - before < len(plans) / 2
    del holding
