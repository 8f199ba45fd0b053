"""What a view shows, as plain sets of what is said: of the person, of each right, of each plan, and anywhere."""

from collections import Counter
from collections.abc import Collection, Iterable

import msgspec

from hoks.student import Student
from tests.world.marked import tokens

Said = frozenset[str]


class Shown(msgspec.Struct, frozen=True):
    """What is said of the person, of each right and plan in no order, and in the whole answer."""

    person: Said
    rights: tuple[Said, ...]
    plans: tuple[Said, ...]
    anywhere: Said

    def alike(self) -> tuple[Said, Counter[Said], Counter[Said]]:
        """The same in a form that can be compared."""
        return self.person, Counter(self.rights), Counter(self.plans)


NOTHING_SHOWN = Shown(frozenset(), (), (), frozenset())


def shown_in(
    student: Student | None,
    *,
    of_person: Collection[str],
    of_rights: Collection[str],
    of_plans: Collection[str],
    but_not_of: Collection[str] = (),
) -> Shown:
    """What is said of a student as seen, of what is marked; a plan's right is told with the rights.

    Rights and plans that say a text of another right are left out, by the beginning of that text.
    """
    if student is None:
        return NOTHING_SHOWN
    plans = student.hoksit or ()
    marked = {*of_person, *of_rights, *of_plans}
    return Shown(
        person=frozenset(tokens((student.oid, student.name))) & frozenset(of_person),
        rights=_said(student.study_rights or (), of_rights, but_not_of),
        plans=_said([msgspec.structs.replace(each, study_right=None) for each in plans], of_plans, but_not_of),
        anywhere=frozenset(tokens(student)) & frozenset(marked),
    )


def _said(records: Iterable[object], marked: Collection[str], but_not_of: Collection[str]) -> tuple[Said, ...]:
    said = [frozenset(tokens(each)) for each in records]
    others, wanted = tuple(but_not_of), frozenset(marked)
    return tuple(each & wanted for each in said if not any(token.startswith(others) for token in each))
