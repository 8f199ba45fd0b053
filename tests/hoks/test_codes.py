import pytest

from hoks.codes import (
    AcquisitionMode,
    RecognitionProcess,
    StudyRightState,
    StudyRightType,
    UnitGroup,
    group_of,
    mode_of,
    process_of,
    state_of,
    type_of,
)
from hoks.values import Code


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("lasna", StudyRightState.PRESENT),
        ("loma", StudyRightState.ON_LEAVE),
        ("valiaikaisestikeskeytynyt", StudyRightState.SUSPENDED),
        ("valmistunut", StudyRightState.GRADUATED),
        ("eronnut", StudyRightState.DISCONTINUED),
        ("katsotaaneronneeksi", StudyRightState.CONSIDERED_DISCONTINUED),
        ("peruutettu", StudyRightState.REVOKED),
        ("mitatoity", StudyRightState.ANNULLED),
        (" Lasna ", StudyRightState.PRESENT),
        ("läsnä", StudyRightState.UNKNOWN),
        ("keskeytynyt", StudyRightState.UNKNOWN),
        ("paattynyt", StudyRightState.UNKNOWN),
        ("", StudyRightState.UNKNOWN),
    ],
)
def test_a_state_is_known_by_koski_s_code_and_any_other_is_unknown(code: str, state: StudyRightState) -> None:
    assert state_of(code) is state


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ammatillinenkoulutus", StudyRightType.VOCATIONAL),
        ("tuva", StudyRightType.PREPARATORY),
        ("TUVA", StudyRightType.PREPARATORY),
        ("lukiokoulutus", StudyRightType.OTHER),
        ("", StudyRightType.OTHER),
    ],
)
def test_a_type_is_vocational_preparatory_or_other(code: str, kind: StudyRightType) -> None:
    assert type_of(code) is kind


@pytest.mark.parametrize(
    ("uri", "mode"),
    [
        ("osaamisenhankkimistapa_koulutussopimus", AcquisitionMode.TRAINING_AGREEMENT),
        ("osaamisenhankkimistapa_oppisopimus", AcquisitionMode.APPRENTICESHIP),
        ("osaamisenhankkimistapa_oppilaitosmuotoinenkoulutus", AcquisitionMode.INSTITUTION_BASED),
        ("osaamisenhankkimistapa_mulkoilu", AcquisitionMode.UNKNOWN),
        ("", AcquisitionMode.UNKNOWN),
    ],
)
def test_a_way_of_acquiring_is_known_by_its_uri(uri: str, mode: AcquisitionMode) -> None:
    assert mode_of(Code(uri=uri, version=1)) is mode


@pytest.mark.parametrize(
    ("uri", "process"),
    [
        ("osaamisentodentamisenprosessi_0001", RecognitionProcess.DIRECT),
        ("osaamisentodentamisenprosessi_0002", RecognitionProcess.VIA_ASSESSORS),
        ("osaamisentodentamisenprosessi_0003", RecognitionProcess.DEMONSTRATION),
        ("osaamisentodentamisenprosessi_0004", RecognitionProcess.UNKNOWN),
    ],
)
def test_a_process_of_recognition_is_known_by_its_uri(uri: str, process: RecognitionProcess) -> None:
    assert process_of(Code(uri=uri)) is process


@pytest.mark.parametrize(
    ("uri", "group"),
    [
        ("ammatillisentutkinnonosanryhma_1", UnitGroup.VOCATIONAL),
        ("ammatillisentutkinnonosanryhma_2", UnitGroup.COMMON),
        ("ammatillisentutkinnonosanryhma_3", UnitGroup.UNKNOWN),
    ],
)
def test_a_group_of_units_is_known_by_its_uri(uri: str, group: UnitGroup) -> None:
    assert group_of(Code(uri=uri)) is group


def test_what_is_absent_stays_absent_and_is_not_unknown() -> None:
    assert (mode_of(None), process_of(None), group_of(None)) == (None, None, None)
