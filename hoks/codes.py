"""Code sets (koodistot) of the field: the values we act on as enums, and every code as it came.

Code sets grow every year. An unknown value becomes ``UNKNOWN`` beside its raw code; an unknown *state* closes access.
"""

from enum import StrEnum

from hoks.values import Code


class AcquisitionMode(StrEnum):
    """Way of acquiring competence (osaamisen hankkimistapa)."""

    TRAINING_AGREEMENT = "TRAINING_AGREEMENT"
    APPRENTICESHIP = "APPRENTICESHIP"
    INSTITUTION_BASED = "INSTITUTION_BASED"
    UNKNOWN = "UNKNOWN"


class RecognitionProcess(StrEnum):
    """How prior competence is verified (osaamisen todentamisen prosessi)."""

    DIRECT = "DIRECT"
    VIA_ASSESSORS = "VIA_ASSESSORS"
    DEMONSTRATION = "DEMONSTRATION"
    UNKNOWN = "UNKNOWN"


class UnitGroup(StrEnum):
    """Group of units (tutkinnon osan ryhmä)."""

    VOCATIONAL = "VOCATIONAL"
    COMMON = "COMMON"
    UNKNOWN = "UNKNOWN"


class StudyRightType(StrEnum):
    """Type of a study right (opiskeluoikeuden tyyppi); a HOKS belongs to one of the first two."""

    VOCATIONAL = "VOCATIONAL"
    PREPARATORY = "PREPARATORY"
    OTHER = "OTHER"


class StudyRightState(StrEnum):
    """State of a study right (opiskeluoikeuden tila), as Koski names it."""

    PRESENT = "PRESENT"
    ON_LEAVE = "ON_LEAVE"
    SUSPENDED = "SUSPENDED"
    GRADUATED = "GRADUATED"
    DISCONTINUED = "DISCONTINUED"
    CONSIDERED_DISCONTINUED = "CONSIDERED_DISCONTINUED"
    REVOKED = "REVOKED"
    ANNULLED = "ANNULLED"
    UNKNOWN = "UNKNOWN"


STATE_OF_CODE = {
    "lasna": StudyRightState.PRESENT,
    "loma": StudyRightState.ON_LEAVE,
    "valiaikaisestikeskeytynyt": StudyRightState.SUSPENDED,
    "valmistunut": StudyRightState.GRADUATED,
    "eronnut": StudyRightState.DISCONTINUED,
    "katsotaaneronneeksi": StudyRightState.CONSIDERED_DISCONTINUED,
    "peruutettu": StudyRightState.REVOKED,
    "mitatoity": StudyRightState.ANNULLED,
}
TYPE_OF_CODE = {
    "ammatillinenkoulutus": StudyRightType.VOCATIONAL,
    "tuva": StudyRightType.PREPARATORY,
}
MODE_OF_URI = {
    "osaamisenhankkimistapa_koulutussopimus": AcquisitionMode.TRAINING_AGREEMENT,
    "osaamisenhankkimistapa_oppisopimus": AcquisitionMode.APPRENTICESHIP,
    "osaamisenhankkimistapa_oppilaitosmuotoinenkoulutus": AcquisitionMode.INSTITUTION_BASED,
}
PROCESS_OF_URI = {
    "osaamisentodentamisenprosessi_0001": RecognitionProcess.DIRECT,
    "osaamisentodentamisenprosessi_0002": RecognitionProcess.VIA_ASSESSORS,
    "osaamisentodentamisenprosessi_0003": RecognitionProcess.DEMONSTRATION,
}
GROUP_OF_URI = {
    "ammatillisentutkinnonosanryhma_1": UnitGroup.VOCATIONAL,
    "ammatillisentutkinnonosanryhma_2": UnitGroup.COMMON,
}


def state_of(code: str) -> StudyRightState:
    """The state that a Koski code names; an unknown one is ``UNKNOWN``."""
    return STATE_OF_CODE.get(code.strip().lower(), StudyRightState.UNKNOWN)


def type_of(code: str) -> StudyRightType:
    """The type that a Koski code names."""
    return TYPE_OF_CODE.get(code.strip().lower(), StudyRightType.OTHER)


def mode_of(code: Code | None) -> AcquisitionMode | None:
    """The mode that a code names; absent stays absent, unknown is ``UNKNOWN``."""
    return None if code is None else MODE_OF_URI.get(code.uri, AcquisitionMode.UNKNOWN)


def process_of(code: Code | None) -> RecognitionProcess | None:
    """The process that a code names; absent stays absent, unknown is ``UNKNOWN``."""
    return None if code is None else PROCESS_OF_URI.get(code.uri, RecognitionProcess.UNKNOWN)


def group_of(code: Code | None) -> UnitGroup | None:
    """The unit group that a code names; absent stays absent, unknown is ``UNKNOWN``."""
    return None if code is None else GROUP_OF_URI.get(code.uri, UnitGroup.UNKNOWN)
