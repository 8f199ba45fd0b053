"""Settings: a good file is read whole, and every bad one is refused in one line that names file and key."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectors.koski import KoskiSettings
from gateway.settings import Instance, Limits, SettingsError
from gateway.settings_file import load
from hoks.identifiers import LearnerOid, OrganisationOid, StudyRightOid
from hoks.items import Item
from hoks.relations import Consent, Statute

GOOD = """
mode = "sandbox"
fixed_day = 2026-10-05
part_id_key_file = "secrets/part-id.key"

[records]
store_path = "records/records.db"
anchor_key_file = "secrets/anchors.pem"

[server]
host = "127.0.0.1"
port = 8080

[limits]
request_seconds = 4
depth = 9

[graph]
projection = false
subgraph = true

[access]
suspended_is_valid = false

[[issuer]]
issuer = "https://issuer.test"
audience = "hoks-gateway"
jwks_url = "https://issuer.test/jwks"
algorithms = ["ES256"]
max_token_hours = 12

[onr]
base_url = "http://127.0.0.1:8084/oppijanumerorekisteri-service"
caller_id = "1.2.246.562.99.99000000016.hoks-gateway"

[organisaatio]
base_url = "https://registry.test/organisaatio-service"
caller_id = "1.2.246.562.99.99000000016.hoks-gateway"

[[source]]
id = "a-koski"
kind = "koski"
provider = "1.2.246.562.99.99000000016"
gives = ["rights"]
base_url = "https://koski.test/koski/api"
username = "gateway-a"
password_file = "secrets/a-koski.password"
caller_id = "1.2.246.562.99.99000000016.hoks-gateway"
"""
SOURCE = GOOD[GOOD.index("[[source]]") :]
ONR = GOOD[GOOD.index("[onr]") : GOOD.index("[organisaatio]")]
ISSUER = GOOD[GOOD.index("[[issuer]]") : GOOD.index("[onr]")]
PASSWORD = "ZQ7password"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in ("part-id.key", "a-koski.password", "anchors.pem"):
        (folder / name).write_text(PASSWORD)
        (folder / name).chmod(0o600)

    def write(text: str) -> Path:
        file = tmp_path / "gateway.toml"
        file.write_text(text)
        return file

    return write


def complaint(file: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load(file)
    text = str(refused.value)
    assert text.startswith(f"{file}: ")
    assert "\n" not in text
    assert PASSWORD not in text
    return text.removeprefix(f"{file}: ")


def test_a_good_file_is_read_whole_with_paths_beside_it(write: Write, tmp_path: Path) -> None:
    settings = load(write(GOOD))
    assert (settings.mode, settings.fixed_day) == ("sandbox", date(2026, 10, 5))
    assert settings.part_id_key_file == tmp_path / "secrets" / "part-id.key"
    assert settings.records.store_path == tmp_path / "records" / "records.db"
    assert settings.records.anchor_key_file == tmp_path / "secrets" / "anchors.pem"
    assert settings.limits == Limits(request_seconds=4.0, depth=9)
    assert settings.graph.projection is False
    assert settings.graph.subgraph is True
    assert settings.access.suspended_is_valid is False
    assert [each.issuer for each in settings.issuer] == ["https://issuer.test"]
    assert [each.id for each in settings.source] == ["a-koski"]


def test_one_of_several_instances_has_its_own_ports_and_stream_and_shares_the_rest(write: Write) -> None:
    settings = load(write(GOOD))
    own = settings.of_instance(Instance(port=8102, metrics_port=18102, stream="one-8102"))
    assert (own.server.port, own.metrics.port, own.records.stream) == (8102, 18102, "one-8102")
    assert own.of_worker(2).records.stream == "one-8102.2"
    assert own.of_instance(Instance()) == own
    assert own.of_instance(Instance(port=8080, stream="main")).server == settings.server


def test_what_an_example_leaves_open_is_refused(write: Write) -> None:
    assert complaint(write(GOOD.replace('"gateway-a"', '"<service user>"'))) == (
        "key `source[0].username`: expected your own in place of `<service user>`"
    )


CLIENT = """
[[client]]
id = "tool"
trusted_only = true
manifest_path = "operations/tool.json"
"""


def test_clients_are_read_with_their_manifests_beside_the_file(write: Write, tmp_path: Path) -> None:
    (client,) = load(write(GOOD + CLIENT)).client
    assert (client.id, client.trusted_only) == ("tool", True)
    assert client.manifest_path == tmp_path / "operations" / "tool.json"


def test_a_client_twice_or_bound_to_nothing_is_refused(write: Write) -> None:
    assert complaint(write(GOOD + CLIENT + CLIENT)) == (
        "key `client[1].id`: expected a value that no other [[client]] has"
    )
    assert complaint(write(GOOD + CLIENT.replace("manifest_path", "#"))) == (
        "key `client[0].manifest_path`: expected one, for the client may run nothing else"
    )


STATUTE = """
[[statute]]
organisation = "1.2.246.562.99.99000000511"
citation = "Laki 1/2026 2 §"
items = ["D1", "D2q", "D9"]
express = ["D9"]
"""
CONSENT = """
[[sandbox_consent]]
id = "one"
learner = "1.2.246.562.98.98000000079"
right = "1.2.246.562.15.15000070118"
recipient = "1.2.246.562.98.98000009146"
items = ["D1", "D10"]
start = 2026-09-01
end = 2026-12-31
"""


def test_statutes_are_read_as_what_authorities_may_have(write: Write) -> None:
    assert load(write(GOOD + STATUTE)).statutes == (
        Statute(
            organisation=OrganisationOid("1.2.246.562.99.99000000511"),
            citation="Laki 1/2026 2 §",
            items=frozenset({Item.D1, Item.D2q, Item.D9}),
            express=frozenset({Item.D9}),
        ),
    )
    assert load(write(GOOD)).statutes == ()


def test_consents_of_a_sandbox_are_read_with_their_days(write: Write) -> None:
    withdrawn = CONSENT.replace('"one"', '"two"') + "withdrawn = true\n"
    one = Consent(
        id="one",
        learner=LearnerOid("1.2.246.562.98.98000000079"),
        right=StudyRightOid("1.2.246.562.15.15000070118"),
        recipient="1.2.246.562.98.98000009146",
        items=frozenset({Item.D1, Item.D10}),
        start_date=date(2026, 9, 1),
        end_date=date(2026, 12, 31),
    )
    first, second = load(write(GOOD + CONSENT + withdrawn)).sandbox_consents
    assert first == one
    assert (second.id, second.withdrawn) == ("two", True)


def test_a_consent_may_name_an_organisation(write: Write) -> None:
    text = CONSENT.replace("1.2.246.562.98.98000009146", "1.2.246.562.99.99000000511")
    assert load(write(GOOD + text)).sandbox_consents[0].recipient == "1.2.246.562.99.99000000511"


RELATIONS: dict[str, tuple[str, str, str]] = {
    "unknown item of a statute": ('"D2q"', '"D99"', "key `statute[0].items[1]`: invalid enum value 'D99'; expected"),
    "unknown express item": ('["D9"]', '["D9", "d9"]', "key `statute[0].express[1]`: invalid enum value 'd9'"),
    "express item that is not among the items": (
        '["D9"]', '["D9", "D8"]', "key `statute[0].express[1]`: expected one of the statute's `items`, and got `D8`",
    ),
    "unknown item of a consent": ('"D10"', '"D11"', "key `sandbox_consent[0].items[1]`: invalid enum value 'D11'"),
    "statute on nothing": ('["D1", "D2q", "D9"]', "[]", "key `statute[0].items`"),
    "statute without a citation": ('"Laki 1/2026 2 §"', '""', "key `statute[0].citation`"),
    "statute of nobody": ("organisation =", "organisaton =", "key `statute[0].organis"),
    "statute of a malformed organisation": (
        "562.99.99000000511", "562.15", "key `statute[0].organisation`: expected an organisation OID",
    ),
    "consent to nothing": ('["D1", "D10"]', "[]", "key `sandbox_consent[0].items`"),
    "consent without an end": ("end = 2026-12-31", "", "key `sandbox_consent[0].end` is missing"),
    "consent that ends before it starts": ("2026-12-31", "2026-08-31", "key `sandbox_consent[0].end`: expected a day"),
    "consent on an impossible day": ("2026-12-31", '"31.12.2026"', "key `sandbox_consent[0].end`"),
    "consent of a learner whose OID is wrong": ("98000000079", "98000000078", "key `sandbox_consent[0].learner`"),
    "consent on a right whose OID is wrong": ("15000070118", "15000070117", "key `sandbox_consent[0].right`"),
    "consent to a name": ("1.2.246.562.98.98000009146", "Kerttu", "key `sandbox_consent[0].recipient`: expected"),
    "unknown key of a consent": ('id = "one"', 'id = "one"\nnote = "x"', "key `sandbox_consent[0].note` is unknown"),
    "twice the same consent": (CONSENT, CONSENT + CONSENT, "key `sandbox_consent[1].id`"),
    "consents outside a sandbox": (
        'mode = "sandbox"\nfixed_day = 2026-10-05', "", 'key `sandbox_consent`: accepted only with mode = "sandbox"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RELATIONS)
def test_a_statute_or_consent_that_says_something_else_is_refused(write: Write, case: str) -> None:
    good, bad, expected = RELATIONS[case]
    text = GOOD + STATUTE + CONSENT
    assert good in text
    assert expected in complaint(write(text.replace(good, bad)))


def test_graphiql_is_a_sandboxs_alone(write: Write) -> None:
    text = GOOD + '[graphiql]\nfolder = "graphiql"\n'
    graphiql = load(write(text)).graphiql
    assert graphiql is not None
    assert graphiql.folder.name == "graphiql"
    in_production = text.replace('mode = "sandbox"\nfixed_day = 2026-10-05', 'mode = "production"')
    assert complaint(write(in_production)) == 'key `graphiql`: accepted only with mode = "sandbox"'


def test_an_unknown_item_is_refused_with_the_items_that_there_are(write: Write) -> None:
    told = complaint(write(GOOD + STATUTE.replace('"D1"', '"D0"')))
    assert "expected one of: ID, SR, D1, D2q, D2u, D3," in told


def test_an_unknown_mode_is_refused_with_the_modes_that_there_are(write: Write) -> None:
    told = complaint(write(GOOD.replace('mode = "sandbox"', 'mode = "debug"')))
    assert told == "key `mode`: invalid enum value 'debug'; expected one of: production, sandbox"


def test_what_is_not_said_has_a_cautious_default(write: Write) -> None:
    text = re.sub(r"mode.*\n.*\n|\[(?:server|limits|graph|access)\]\n(?:.+\n)+|(?:algorithms|max).*\n", "", GOOD)
    settings = load(write(text))
    assert (settings.mode, settings.fixed_day) == ("production", None)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.graph.projection is True
    assert settings.graph.subgraph is False
    assert settings.access.suspended_is_valid is True
    assert (settings.issuer[0].algorithms, settings.issuer[0].max_token_hours) == (("ES256",), 12)
    assert settings.limits == Limits(
        request_seconds=5.0,
        body_bytes=100_000,
        tokens=1_000,
        depth=12,
        aliases=30,
        root_fields=5,
        expanded_fields=2_000,
        directives=50,
        directives_in_one_place=5,
        listed_fields=10_000,
        subjects=100,
        source_calls=1_000,
        comparisons=10_000,
        body_seconds=10.0,
        json_depth=50,
        json_digits=20,
    )
    assert (settings.graph.introspection, settings.graph.get_queries) == (False, False)


REFUSED: dict[str, tuple[str, str, str]] = {
    "unknown key at the top": ('mode = "sandbox"', 'moode = "sandbox"', "key `moode` is unknown"),
    "unknown key in a section": ("depth = 9", "deepness = 9", "key `limits.deepness` is unknown"),
    "unknown key in a source": ('id = "a-koski"', 'id = "a-koski"\nnote = "x"', "key `source[0].note` is unknown"),
    "unknown section": ("[access]", "[acess]", "key `acess` is unknown"),
    "missing key file": ("part_id_key_file", "# part_id_key_file", "key `part_id_key_file` is missing"),
    "missing issuer": ('issuer = "https://issuer.test"', "", "key `issuer[0].issuer` is missing"),
    "missing audience": ('audience = "hoks-gateway"', "", "key `issuer[0].audience` is missing"),
    "missing registry": (ONR, "", "key `onr` is missing"),
    "missing address": ('base_url = "https://koski.test/koski/api"', "", "key `source[0].base_url` is missing"),
    "empty issuer": ('issuer = "https://issuer.test"', 'issuer = ""', "key `issuer[0].issuer`"),
    "empty audience": ('audience = "hoks-gateway"', 'audience = ""', "key `issuer[0].audience`"),
    "wrong type": ("port = 8080", 'port = "8080"', "key `server.port`: expected `int`"),
    "no port": ("port = 8080", "port = 0", "key `server.port`: expected `int` >= 1"),
    "no limit": ("depth = 9", "depth = 0", "key `limits.depth`: expected `int` >= 1"),
    "endless request": ("request_seconds = 4", "request_seconds = inf", "key `limits.request_seconds`"),
    "huge token life": ("max_token_hours = 12", "max_token_hours = 200", "key `issuer[0].max_token_hours`"),
    "unknown mode": ('mode = "sandbox"', 'mode = "debug"', "key `mode`"),
    "unknown kind": ('kind = "koski"', 'kind = "kosky"', "key `source[0].kind`"),
    "no kind": ('kind = "koski"', "", "key `source[0].kind` is missing"),
    "fixed day in production": ('mode = "sandbox"', "", 'key `fixed_day`: accepted only with mode = "sandbox"'),
    "no algorithm": ('["ES256"]', "[]", "key `issuer[0].algorithms`: expected asymmetric algorithms out of: ES256"),
    "symmetric algorithm": ('["ES256"]', '["ES256", "HS256"]', "key `issuer[0].algorithms`"),
    "algorithm none": ('["ES256"]', '["none"]', "key `issuer[0].algorithms`"),
    "no source": (SOURCE, "", "key `source`: at least one [[source]] is required"),
    "no trusted issuer": (ISSUER, "", "key `issuer`: at least one [[issuer]] is required"),
    "twice the same source": (SOURCE, SOURCE + SOURCE, "key `source[1].id`"),
    "twice the same issuer": (ISSUER, ISSUER + ISSUER, "key `issuer[1].issuer`"),
    "plain http to a source": ("https://koski.test", "http://koski.test", "key `source[0].base_url`: expected"),
    "plain http to a registry": ("https://registry.test", "http://10.0.0.1", "key `organisaatio.base_url`"),
    "plain http to the keys": ('"https://issuer.test/jwks"', '"http://issuer.test/jwks"', "key `issuer[0].jwks_url`"),
    "a host that only looks like loopback": ("https://koski.test", "http://127.0.0.1.evil.test", "key `source[0]"),
    "another scheme": ("https://koski.test", "file://koski.test", "key `source[0].base_url`"),
    "an address without a host": ("https://koski.test/koski/api", "/koski/api", "key `source[0].base_url`"),
    "a password in an address": ("https://koski.test", "https://a:b@koski.test", "key `source[0].base_url`"),
    "absent key file": ("part-id.key", "other.key", "key `part_id_key_file`: expected a file"),
    "folder as key file": ("secrets/part-id.key", "secrets", "key `part_id_key_file`: expected a file"),
    "absent password file": ("a-koski.password", "other", "key `source[0].password_file`: expected a file"),
    "figures on the port of the graph": ("[access]", "[metrics]\nport = 8080\n[access]", "key `metrics.port`:"),
    "figures for everybody": ("[access]", '[metrics]\nhost = "0.0.0.0"\n[access]', "key `metrics.host` is unknown"),
    "traces in plain text": ("[access]", '[tracing]\nurl = "http://otel.test"\n[access]', "key `tracing.url`:"),
    "a name believed": ("[access]", '[tracing]\nbelieved = ["front"]\n[access]', "key `tracing.believed[0]`: expected"),
    "nobody may work": ("[access]", "[overload]\nworking = 0\n[access]", "key `overload.working`: expected `int` >= 1"),
    "a log of another form": ("[access]", '[log]\nform = "xml"\n[access]', "key `log.form`"),
    "broken TOML": ("[server]", "[server", "expected TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_by_the_name_of_the_key(write: Write, case: str) -> None:
    good, bad, expected = REFUSED[case]
    assert good in GOOD
    assert expected in complaint(write(GOOD.replace(good, bad)))


def test_an_unknown_key_is_refused_with_the_keys_that_are_known(write: Write) -> None:
    text = complaint(write(GOOD.replace("port = 8080", "prt = 8080")))
    known = "host, port, drain_seconds, stop_seconds, workers"
    assert text == f"key `server.prt` is unknown; the keys here are: {known}"


def test_the_known_keys_of_a_source_are_those_of_its_kind(write: Write) -> None:
    text = complaint(write(GOOD.replace("username =", "user =")))
    assert text.startswith("key `source[0].user` is unknown; the keys here are: kind, ")
    assert {"id", "username"} <= set(text.rpartition(": ")[2].split(", "))


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o602, 0o620, 0o666])
def test_a_secret_that_others_can_read_or_write_is_refused(write: Write, tmp_path: Path, mode: int) -> None:
    (tmp_path / "secrets" / "a-koski.password").chmod(mode)
    assert complaint(write(GOOD)).startswith("key `source[0].password_file`: expected a file that only")


def test_an_empty_secret_is_refused(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "part-id.key").write_text("")
    assert complaint(write(GOOD)).startswith("key `part_id_key_file`: expected a file with a secret")


def test_an_absent_file_and_one_that_is_not_text_are_refused(write: Write, tmp_path: Path) -> None:
    assert complaint(tmp_path / "nothing.toml") == "cannot be read: No such file or directory"
    binary = write("")
    binary.write_bytes(b"\xff\xfe")
    assert complaint(binary) == "expected UTF-8 text"


def test_a_certificate_may_be_read_by_everybody_and_its_key_by_nobody_else(write: Write, tmp_path: Path) -> None:
    shown = 'id = "a-koski"\nclient_certificate_file = "gateway.pem"\nclient_key_file = "gateway.key"'
    for name in ("gateway.pem", "gateway.key"):
        (tmp_path / name).write_text("in PEM")
        (tmp_path / name).chmod(0o644)
    config = write(GOOD.replace('id = "a-koski"', shown))
    assert complaint(config) == (
        "key `source[0].client_key_file`: expected a file that only its owner can read (chmod 600)"
    )
    (tmp_path / "gateway.key").chmod(0o600)
    (source,) = load(config).source
    assert isinstance(source, KoskiSettings)
    assert source.client_certificate_file == str(tmp_path / "gateway.pem")
    (tmp_path / "gateway.pem").unlink()
    assert complaint(config) == "key `source[0].client_certificate_file`: expected a file that the gateway can read"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_is_accepted_on_this_machine(write: Write, host: str) -> None:
    assert load(write(GOOD.replace("https://koski.test", f"http://{host}:8083")))
