"""Settings that cannot work refuse the start, with the key and what would be accepted."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.catalogue import connect
from connectors.network import SettingsRefusedError
from connectors.rest import JsonSettings
from connectors.rest.expressions import Expression, Unreadable
from gateway.settings import SettingsError
from gateway.settings_file import load
from tests.connectors.rest.campus import SETTINGS, described, settings_with
from tests.connectors.wires import StillClock


def _rows(entity: str, place: int, **changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda written: written[entity][0]["rows"][place].update(changed)


def _call(entity: str, **changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda written: written[entity][0].update(changed)


def _column(entity: str, place: int, column: str, text: str | None) -> Callable[[dict[str, Any]], object]:
    def change(written: dict[str, Any]) -> None:
        columns = written[entity][0]["rows"][place]["columns"]
        columns.pop(column, None)
        columns.update({column: text} if text is not None else {})

    return change


REFUSED = [
    (_column("plans", 1, "kind", "kind["), "plans[0].rows[1].columns.kind: expected a JMESPath expression, got"),
    (_column("plans", 1, "kind", "[?lenght(@)]"), "there is no function `lenght`; the functions are abs, avg,"),
    (_column("plans", 1, "kind", "join(a)"), "function `join` takes 2 arguments"),
    (_column("plans", 1, "kind", "(" * 900), "plans[0].rows[1].columns.kind: expected a JMESPath expression"),
    (_column("plans", 1, "kind", "a" * 1001), "expected a JMESPath expression of 1-1000 characters"),
    (_column("plans", 1, "kinds", "k"), "columns.kinds: there is no such column in `units`; the columns are key,"),
    (_column("plans", 1, "kind", None), "plans[0].rows[1].columns.kind: must be mapped"),
    (_column("plans", 0, "right_oid", "right"), "columns.right_oid: there is no such column in `plans`"),
    (_column("rights", 1, "oid", None), "rights[0].rows[1].columns.oid: must be mapped"),
    (_column("rights", 2, "state", None), "rights: column `state` must be mapped"),
    (_column("holders", 0, "learner_oid", None), "holders[0].rows[0].columns.learner_oid: must be mapped"),
    (_column("appointments", 0, "learner_oid", None), "appointments[0].rows[0].columns.learner_oid: must be mapped"),
    (_column("appointments", 0, "part_key", None), "`part_key` or `unit_code` must be mapped"),
    (_rows("plans", 0, rows="plans["), "plans[0].rows[0].rows: expected a JMESPath expression"),
    (_rows("plans", 0, key=""), "plans[0].rows[0].key: expected where a row names the OID that was asked"),
    (_rows("plans", 0, key="]"), "plans[0].rows[0].key: expected a JMESPath expression"),
    (_rows("plans", 1, key="id"), "plans[0].rows[1].key: accepted only of a set that is not under another"),
    (_rows("plans", 1, under="plan"), "plans[0].rows[1].under: there is no set `plan` before this one;"),
    (_rows("plans", 1, table="lessons"), "there is no `lessons` here; there are subject, plans, units, periods"),
    (_rows("plans", 2, name=""), "there is another set `units` in this call; give this one a `name` of its own"),
    (_rows("plans", 3, under="plans"), "under: expected a set of `units`, or the column that says to which row"),
    (_column("plans", 5, "unit_key", "unit"), "columns.unit_key: the rows of `units` stand where this one cannot name"),
    (_call("plans", path="plans"), "plans[0].path: expected a path that begins with `/`"),
    (_call("plans", path="/plans?x=1"), "what comes after `?` belongs in `parameters`"),
    (_call("plans", path="/../{key}"), "plans[0].path: expected a path"),
    (_call("plans", path="/{id}"), "there is no `{id}`; what may stand there is key, keys, page, offset, cursor"),
    (_call("plans", path="/{key}"), "expected `{key}` or `{keys}`, not both"),
    (_call("plans", body={"a": 1}), 'body: accepted only with method = "POST"'),
    (_call("plans", method="POST", body={"a": "x{keys}"}), "body: expected `{keys}` to be the whole of a text"),
    (_call("plans", path="/{page}"), "`{page}` stands there without its kind of `paging`"),
    (_call("plans", path="/{cursor}"), "`{cursor}` is the provider's text"),
    (_call("plans", paging={"kind": "page"}), "plans[0].paging: `{page}` must stand in path, parameters or body"),
    (_call("plans", paging={"kind": "link", "next": "a["}), "plans[0].paging.next: expected a JMESPath expression"),
    (_call("plans", rows=[]), "plans[0].rows: expected at least one"),
    (_call("learners", path="/people/{key}"), "learners[0].path: expected no key: everybody is listed"),
    (lambda written: written.pop("learners"), "`learners` is needed for what the source gives: add"),
    (lambda written: written.pop("plans"), "`plans` is needed for what the source gives"),
    (lambda written: written.update(gives=[]), "gives: expected at least one of rights"),
    (lambda written: written.update(headers={"Host": "x"}), "`Host` is no header that may be set"),
    (lambda written: written.update(headers={"a b": "x"}), "`a b` is no header that may be set"),
    (lambda written: written.update(headers={"a": "x\r\ny: z"}), "headers: expected values of printable ASCII"),
    (lambda written: written.update(auth={"kind": "header", "header": "content-length", "secret_file": "f"}),
     "`content-length` is no header that may be set"),
    (lambda written: written["codes"]["state"].update(here="present"), "expected a state of Koski, got `present`"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "complaint"), REFUSED, ids=lambda each: each if isinstance(each, str) else "")
def test_what_cannot_work_is_refused_with_its_key(change: Callable[[dict[str, Any]], object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        settings_with(change)
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("source `d-json`: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda written: written.update(auth={"kind": "magic"}),
        lambda written: written.update(surprise=1),
        _call("plans", max_batch=0),
        _call("plans", paging={"kind": "page", "max_pages": 100_000}, path="/{page}"),
        _rows("plans", 0, colums={}),
        lambda written: written.update(max_bytes=10**12),
    ],
)
def test_what_is_unknown_or_out_of_bounds_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings_with(change)


def test_flat_rows_may_name_what_they_belong_to_where_that_is_certain() -> None:
    """Periods listed beside the units of the same plan, by the unit's key."""

    def flat(written: dict[str, Any]) -> None:
        rows = [each for each in written["plans"][0]["rows"] if each.get("name") != "subareas"]
        periods = next(each for each in rows if each["table"] == "periods")
        periods["under"], periods["columns"]["unit_key"] = "plans", "unit"
        written["plans"][0]["rows"] = rows

    assert settings_with(flat).plans


# --- in the whole file ----------------------------------------------------------------------------------------

WHOLE = """
part_id_key_file = "key"
[records]
store_path = "records.db"
anchor_key_file = "key"
[onr]
base_url = "https://onr.example"
caller_id = "c"
[organisaatio]
base_url = "https://organisaatio.example"
caller_id = "c"
[[issuer]]
issuer = "https://issuer.example"
audience = "a"
jwks_url = "https://issuer.example/jwks"
[[source]]
"""


def _file(folder: Path, text: str) -> Path:
    for name in ("key", "token"):
        (folder / name).write_text("s3cret")
        (folder / name).chmod(0o600)
    source = text.replace("[[", "[[source.").replace("[source.appointments.rows", "[source.appointments.rows")
    source = source.replace("[appointments.rows.columns]", "[source.appointments.rows.columns]")
    (folder / "gateway.toml").write_text(WHOLE + source)
    return folder / "gateway.toml"


def test_the_gateway_reads_such_a_source(tmp_path: Path) -> None:
    text = SETTINGS.replace('auth = { kind = "none" }', 'auth = { kind = "bearer", secret_file = "token" }')
    (source,) = load(_file(tmp_path, text)).source
    assert isinstance(source, JsonSettings)
    connected = connect([source], StillClock())
    assert [len(each) for each in (connected.rights, connected.plans, connected.holders)] == [1, 1, 1]
    assert [len(each) for each in (connected.appointments, connected.assignments, connected.clients)] == [1, 1, 1]


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, SETTINGS.replace('rows = "plans"', 'rows = "plans["'))
    with pytest.raises(SettingsError) as refused:
        load(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert "plans[0].rows[0].rows: expected a JMESPath expression, got `plans[`" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ('"none"', '"magic"', "source[0].auth.kind: none, bearer, basic, header, client_credentials"),
        ('"page"', '"leaf"', "source[0].learners[0].paging.kind: page, offset, cursor, link"),
        ('"POST"', '"PUT"', "source[0].rights[0].method: GET, POST"),
    ],
)
def test_a_word_that_is_not_known_is_told_with_the_accepted_ones(
    tmp_path: Path, right: str, wrong: str, told: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(_file(tmp_path, SETTINGS.replace(right, wrong, 1)))
    key, _, accepted = told.partition(": ")
    assert f"key `{key}`: " in str(refused.value)
    assert str(refused.value).endswith(f"; expected one of: {accepted}")


def test_a_providers_own_words_are_not_taken_for_ours(tmp_path: Path) -> None:
    """A parameter may be called ``folder``, ``url`` or ``service``, as may a member of a body."""
    theirs = 'parameters = { rights = "{keys}", folder = "a", url = "b", service = "c", x_file = "d" }'
    text = SETTINGS.replace('parameters = { rights = "{keys}" }', theirs)
    (source,) = load(_file(tmp_path, text)).source
    assert isinstance(source, JsonSettings)
    assert source.plans[0].parameters["folder"] == "a"


def test_an_address_that_is_not_https_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        load(_file(tmp_path, SETTINGS.replace("https://campus.example/api", "http://campus.example/api")))


def test_a_secret_that_others_can_read_refuses_the_connection(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    (tmp_path / "token").chmod(0o644)
    settings = settings_with(lambda w: w.update(auth={"kind": "bearer", "secret_file": str(tmp_path / "token")}))
    with pytest.raises(SettingsRefusedError):
        connect([settings], StillClock())


# --- expressions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["sort(@)", "sum(@)", "max_by(@, &a)", "join(',', @)", "to_number(@) > abs(@)", "keys(@)"]
)
@pytest.mark.parametrize("record", [None, 1, "a", [1, "a", None], {"a": [1]}, [[[]]], True])
def test_an_expression_that_does_not_fit_a_record_is_unreadable_and_nothing_worse(text: str, record: Any) -> None:
    with suppress(Unreadable):
        Expression(text).of(record)


def test_an_expression_cannot_make_endless_rows_of_a_few() -> None:
    doubling = Expression(" | ".join(["[@, @][]"] * 17))
    with pytest.raises(Unreadable):
        doubling.elements_of([{}])


def test_the_settings_of_these_tests_are_whole() -> None:
    assert msgspec.convert(described(), JsonSettings).id == "d-json"
