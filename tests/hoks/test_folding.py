"""Folding: no count tells of a single person, by itself or by subtracting what is shown from a whole that is shown."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hoks.folding import folded, groups_folded

counts = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 30), min_size=1)


def test_a_small_count_takes_the_next_smallest_with_it() -> None:
    assert folded({"a": 12, "b": 3, "c": 7, "d": 0}) == {"a": 12, "b": None, "c": None, "d": 0}


def test_two_small_counts_that_together_are_small_take_a_third() -> None:
    assert folded({"a": 1, "b": 2, "c": 9, "d": 20}) == {"a": None, "b": None, "c": None, "d": 20}


def test_two_small_counts_that_together_are_many_hide_each_other() -> None:
    assert folded({"a": 4, "b": 3, "c": 9}) == {"a": None, "b": None, "c": 9}


def test_counts_that_are_all_large_or_nought_are_shown() -> None:
    assert folded({"a": 5, "b": 0, "c": 9}) == {"a": 5, "b": 0, "c": 9}


def test_of_a_whole_that_is_itself_small_nothing_is_shown() -> None:
    assert folded({"a": 2, "b": 0}) == {"a": None, "b": None}


@given(counts)
def test_no_difference_of_what_is_shown_is_one_to_four_people(of: dict[str, int]) -> None:
    shown = folded(of)
    total = sum(of.values())
    known = [each for each in shown.values() if each is not None]
    hidden = [key for key, each in shown.items() if each is None]
    assert not [each for each in known if 0 < each < 5]
    if total < 5:
        return  # then the whole is not shown, and nothing can be subtracted from it
    rest = total - sum(known)
    assert rest == 0 or rest >= 5
    assert len(hidden) != 1
    # Whatever is added and subtracted of what is shown: each hidden count could be at least two different numbers.
    for key in hidden:
        others = len(hidden) - 1
        could_be = {each for each in range(1, rest + 1) if others <= rest - each}
        assert len(could_be) > 1, key


@given(counts)
def test_a_count_is_left_out_only_where_it_must_be(of: dict[str, int]) -> None:
    shown = folded(of)
    assert all(shown[key] in (None, of[key]) for key in of)
    if not any(0 < each < 5 for each in of.values()):
        assert shown == of


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 30), min_size=1))
def test_small_groups_are_put_together_until_they_could_be_anybodys(sizes: dict[str, int]) -> None:
    together = groups_folded(sizes)
    alone = sizes.keys() - together
    assert all(sizes[each] >= 5 for each in alone)
    if together and alone:
        assert len(together) >= 2
        assert sum(sizes[each] for each in together) >= 5


def test_the_same_sizes_are_folded_alike_in_whatever_order_they_come() -> None:
    for one, other in product(range(1, 7), repeat=2):
        assert groups_folded({"a": one, "b": other, "c": 9}) == groups_folded({"c": 9, "b": other, "a": one})
