"""The project's own gateway in the comparison: ``hoks-gateway serve``, with settings that name the sources.

Every row of it authenticates, decides, redacts, looks again at the gate and writes its log; a row in whose name one of
these is off shows what it costs, by ``bench.bare``.
"""

import secrets
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import create_engine

from bench.targets import Command, Place, Relayed, Target
from bench.world import TODAY, provider_oid
from gateway.records import migration

ISSUER, AUDIENCE, KEY_ID = "http://127.0.0.1/bench", "hoks-gateway", "bench"
KEPT_SECONDS = 60
PIECES: Mapping[str, str] = {
    "authentication": "no token is verified",
    "access": "nothing is decided or redacted",
    "gate": "nothing is looked at again or recorded",
    "log": "what is to be recorded is made and not written",
}
"""What can be put out of work, each by ``bench.bare``."""


def settings(
    place: Place, port: int, folder: Path, *, plans: int, people: int, tickets: bool = False, workers: int = 1
) -> str:
    """The settings: for how many seconds plans are kept, and what is told of people and their rights."""
    text = f"""
mode = "sandbox"
fixed_day = {TODAY.isoformat()}
part_id_key_file = "part-id.key"

[server]
port = {port}
workers = {workers}

[limits]
request_seconds = {2 * place.seconds}

[cache]
bytes = 1_000_000_000

[records]
store_path = "records.db"
anchor_key_file = "anchors.pem"

[[issuer]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
jwks_url = "{place.registers}/jwks"
max_token_hours = 12

[onr]
base_url = "{place.registers}/onr"
caller_id = "bench"
cache_seconds = {300 if people else 0}
concurrency = 64
waiting = 10_000

# Everybody who asks here is one caller, and all that is asked is to be answered.
[overload]
waiting_seconds = 20
crowded = 256
each = 256

[organisaatio]
base_url = "{place.registers}/organisaatio"
caller_id = "bench"
"""
    providers = range(place.providers)
    return text + "".join(_provider(place, each, plans=plans, people=people, tickets=tickets) for each in providers)


def _provider(place: Place, number: int, *, plans: int, people: int, tickets: bool) -> str:
    """The two sources of one provider: its rights from Koski, its plans from the plain source that every peer asks.

    With ``tickets`` they come from eHOKS instead, with a ticket for each call, and a plan takes two of these.
    """
    base, cas = place.url(number), f"{place.registers}/p{number}"
    login = 'username = "bench"\npassword_file = "password"\ncaller_id = "bench"\nconcurrency = 64\nwaiting = 10_000'
    return f"""
[[source]]
id = "koski-{number}"
kind = "koski"
provider = "{provider_oid(number)}"
base_url = "{cas}/koski/api"
cache_seconds = {people}
{login}

[[source]]
id = "plans-{number}"
provider = "{provider_oid(number)}"
cache_seconds = {plans}
seconds = {place.seconds}
{_with_tickets(base, cas, login) if tickets else _plain(base)}
"""


def _with_tickets(base: str, cas: str, login: str) -> str:
    return f"""
kind = "ehoks"
base_url = "{base}/hoks"
cas_url = "{cas}/cas"
service = "{base}/check"
procurement = false
{login}
"""


def _plain(base: str) -> str:
    return f"""
kind = "documents"
base_url = "{base}/students"
path = "/rights/{{right}}"
auth = {{ kind = "none" }}
concurrency = 64
waiting = 10_000
"""


def settled(
    place: Place, folder: Path, port: int, *, plans: int, people: int, tickets: bool = False, workers: int = 1
) -> Path:
    """The settings' file, in a new folder with everything that it names."""
    folder.mkdir()
    for name, text in (("part-id.key", secrets.token_hex(32)), ("password", "bench")):
        (folder / name).write_text(text)
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "anchors.pem").write_bytes(key)
    # As every gateway but the first finds its records.
    engine = create_engine(f"sqlite:///{folder / 'records.db'}")
    with engine.begin() as connection:
        migration.upgrade(connection)
    engine.dispose()
    for file in folder.iterdir():
        file.chmod(0o600)
    config = folder / "gateway.toml"
    config.write_text(settings(place, port, folder, plans=plans, people=people, tickets=tickets, workers=workers))
    return config


def _command(
    place: Place, port: int, *, plans: int, people: int, tickets: bool = False, workers: int = 1, without: str = ""
) -> Command:
    folder = place.folder / f"ours-{port}"
    config = settled(place, folder, port, plans=plans, people=people, tickets=tickets, workers=workers)
    module = ("bench.bare", without) if without else ("gateway.cli",)
    return Command([sys.executable, "-m", *module, "serve", "--config", config], folder)


def _token(place: Place, who: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {place.tokens(who)}"),)


def ours(
    name: str,
    what: str,
    *,
    plans: int,
    people: int = KEPT_SECONDS,
    tickets: bool = False,
    workers: int = 1,
    without: str = "",
) -> Target:
    """The gateway with settings of its own."""
    command = partial(_command, plans=plans, people=people, tickets=tickets, workers=workers, without=without)
    return Target(name=name, what=what, command=command, dialect=Relayed(), headers=_token, keeps=people > 0)


COLD = ours("ours, cold", "plans asked anew for each request, from the plain sources that every peer asks", plans=0)
TICKETS = ours(
    "ours, cold, eHOKS", "the same from eHOKS: a ticket, the plan's head, a ticket, the plan", plans=0, tickets=True
)
BARE = ours("ours, cold, bare", "cold, with nothing authenticated, decided or recorded", plans=0, without="any")
ANEW = ours("ours, all anew", "rights and persons asked anew for each request too", plans=0, people=0)
WARM = ours("ours, warm", f"everything kept, as it may be for {KEPT_SECONDS} seconds", plans=KEPT_SECONDS)
WITHOUT = tuple(
    ours(f"ours, warm, {piece} off", f"the same, {what}; no setting does that", plans=KEPT_SECONDS, without=piece)
    for piece, what in PIECES.items()
)
OURS = (ANEW, TICKETS, COLD, BARE, WARM)
