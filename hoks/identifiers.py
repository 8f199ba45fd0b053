"""Identifiers of the field: what they look like and whether their check digit holds.

Object identifiers (OID) live under ``1.2.246.562.<node>.<last arc>``; the last arc is ten digits and a check
digit. Old generators wrote the check digit 0 as ``10``, which gives twelve digits.

Check digits are strict for what a caller sends, a finding for what a source sends, and off for organisations,
whose register holds numbers that never had one.
"""

import re
from enum import StrEnum
from typing import NewType

LearnerOid = NewType("LearnerOid", str)
"""Learner number (oppijanumero): the OID of a person who studies."""
PersonOid = NewType("PersonOid", str)
"""OID of any person: a learner, a member of staff, a workplace instructor."""
StudyRightOid = NewType("StudyRightOid", str)
"""OID of a study right (opiskeluoikeuden oid)."""
OrganisationOid = NewType("OrganisationOid", str)
"""OID of an organisation: provider (koulutustoimija), school (oppilaitos) or site (toimipiste)."""
BusinessId = NewType("BusinessId", str)
"""Finnish business id (Y-tunnus)."""

LEARNER_NODE = "24"
TEST_LEARNER_NODES = ("98", "198", "298")
STUDY_RIGHT_NODE = "15"
OPH = OrganisationOid("1.2.246.562.10.00000000001")
"""The Finnish National Agency for Education (Opetushallitus), root of the organisation tree."""

_ARC = r"[1-9]\d{9}(?:\d|10)"
_LEARNER = re.compile(rf"1\.2\.246\.562\.(24|98|198|298)\.({_ARC})", re.ASCII)
_STUDY_RIGHT = re.compile(rf"1\.2\.246\.562\.15\.({_ARC})", re.ASCII)
_ORGANISATION = re.compile(rf"1\.2\.246\.562\.(?:10|99|199|299)\.(?:{_ARC}|0{{10}}1|201[34]\d{{18}})", re.ASCII)
_BUSINESS_ID = re.compile(r"\d{7}-\d", re.ASCII)
_BUSINESS_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2)


class Check(StrEnum):
    """What a look at an identifier found."""

    OK = "OK"
    BAD_CHECK_DIGIT = "BAD_CHECK_DIGIT"
    MALFORMED = "MALFORMED"


def luhn(digits: str) -> int:
    """The Luhn check digit of a string of digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return (10 - total % 10) % 10


def ibm731(digits: str) -> int:
    """The 7-3-1 check digit (as in Finnish bank references) of a string of digits."""
    return (10 - sum(int(d) * (7, 3, 1)[i % 3] for i, d in enumerate(reversed(digits))) % 10) % 10


def check_learner_oid(text: str) -> Check:
    """Look at a learner OID: node 24 carries a 7-3-1 check digit, the test nodes a Luhn one."""
    match = _LEARNER.fullmatch(text)
    if match is None:
        return Check.MALFORMED
    rule = ibm731 if match[1] == LEARNER_NODE else luhn
    return _check_arc(match[2], rule(match[2][:10]))


def check_study_right_oid(text: str) -> Check:
    """Look at a study right OID: node 15, Luhn."""
    match = _STUDY_RIGHT.fullmatch(text)
    return Check.MALFORMED if match is None else _check_arc(match[1], luhn(match[1][:10]))


def check_organisation_oid(text: str) -> Check:
    """Look at an organisation OID: its shape only, since check digits do not hold in the real register."""
    return Check.OK if _ORGANISATION.fullmatch(text) else Check.MALFORMED


def check_business_id(text: str) -> Check:
    """Look at a business id: seven digits, hyphen, check digit modulo 11 (remainder 1 is never issued)."""
    if not _BUSINESS_ID.fullmatch(text):
        return Check.MALFORMED
    remainder = sum(int(d) * w for d, w in zip(text[:7], _BUSINESS_ID_WEIGHTS, strict=True)) % 11
    expected = {0: 0, 1: None}.get(remainder, 11 - remainder)
    return Check.OK if expected is not None and int(text[8]) == expected else Check.BAD_CHECK_DIGIT


def learner_oid(text: str) -> LearnerOid:
    """A learner OID as a caller must send it; ``ValueError`` when the shape or the check digit is wrong."""
    return LearnerOid(_strict(text, check_learner_oid(text), "a learner OID"))


def study_right_oid(text: str) -> StudyRightOid:
    """A study right OID as a caller must send it; ``ValueError`` when the shape or the check digit is wrong."""
    return StudyRightOid(_strict(text, check_study_right_oid(text), "a study right OID"))


def organisation_oid(text: str) -> OrganisationOid:
    """An organisation OID as a caller must send it; ``ValueError`` when the shape is wrong."""
    return OrganisationOid(_strict(text, check_organisation_oid(text), "an organisation OID"))


def with_check_digit(node: str, ten_digits: str) -> str:
    """An OID on ``node`` whose last arc is ``ten_digits`` and the node's check digit."""
    rule = ibm731 if node == LEARNER_NODE else luhn
    return f"1.2.246.562.{node}.{ten_digits}{rule(ten_digits)}"


def _check_arc(arc: str, expected: int) -> Check:
    tail = arc[10:]
    legacy_zero = tail == "10" and expected == 0
    return Check.OK if legacy_zero or tail == str(expected) else Check.BAD_CHECK_DIGIT


def _strict(text: str, check: Check, what: str) -> str:
    if check is Check.OK:
        return text
    fault = "its check digit is wrong" if check is Check.BAD_CHECK_DIGIT else "its shape is wrong"
    raise ValueError(f"expected {what}: {fault}")
