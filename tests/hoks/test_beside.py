"""What is made of a record is found by the very record, and goes with it."""

import gc

from hoks.beside import Beside
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


def test_what_was_made_of_a_record_is_not_made_again() -> None:
    making, plan = Making(), Hoks(study_right_oid=A1)
    texts: Beside[Hoks, str] = Beside(making.text)
    assert texts(plan, 1) == texts(plan, 1) == f"{A1} (1,)"
    assert making.times == 1


def test_an_equal_record_is_another_one() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text)
    one, equal = Hoks(study_right_oid=A1), Hoks(study_right_oid=A1)
    assert one == equal
    texts(one), texts(equal)
    assert making.times == 2


def test_what_else_it_is_made_of_has_to_be_equal() -> None:
    making, plan = Making(), Hoks(study_right_oid=A1)
    texts: Beside[Hoks, str] = Beside(making.text)
    assert [texts(plan, given) for given in (1, 2, 1)] == [f"{A1} ({given},)" for given in (1, 2, 1)]
    assert making.times == 3
    assert len(texts) == 1


def test_that_nothing_was_made_is_not_the_record() -> None:
    nothing: Beside[Hoks, None] = Beside(lambda _: None)
    plan = Hoks(study_right_oid=A1)
    assert [nothing(plan), nothing(plan)] == [None, None]


def test_it_goes_with_the_record() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text)
    themselves: Beside[Hoks, Hoks] = Beside(making.itself)
    kept, gone = Hoks(study_right_oid=A1), Hoks(study_right_oid=B1)
    for plan in (kept, gone):
        texts(plan, 1), texts(plan, 2)
        assert themselves(plan) is plan is themselves(plan)
    del plan, gone
    gc.collect()
    assert (len(texts), len(themselves)) == (1, 1)
    assert texts(kept, 2) == f"{A1} (2,)"
    assert making.times == 6


def test_a_record_in_the_place_of_one_that_went_has_its_own() -> None:
    texts: Beside[Hoks, str] = Beside(Making().text)
    for number in range(100):
        right = A1 if number % 2 else B1
        assert texts(Hoks(study_right_oid=right)) == f"{right} ()"


def test_of_more_records_than_are_held_the_oldest_is_let_go() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text, most=2)
    plans = [Hoks(study_right_oid=A1) for _ in range(3)]
    for plan in plans:
        texts(plan)
    assert len(texts) == 2
    texts(plans[2]), texts(plans[1])
    assert making.times == 3
    texts(plans[0])
    assert (making.times, len(texts)) == (4, 2)


def test_what_is_made_anew_of_a_record_that_is_held_pushes_nothing_out() -> None:
    making = Making()
    texts: Beside[Hoks, str] = Beside(making.text, most=2)
    one, other = Hoks(study_right_oid=A1), Hoks(study_right_oid=B1)
    texts(one), texts(other), texts(other, 2), texts(one)
    assert making.times == 3
