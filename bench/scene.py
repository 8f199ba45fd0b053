"""Where gateways are compared: the sources run, and somebody signs tokens for their students and staff."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from bench.ours import AUDIENCE, ISSUER, KEY_ID
from bench.question import WHOLE
from bench.rows import right
from bench.targets import LOAD_CORE, LOGS, Command, Place, free_port, listens, process
from bench.world import provider_oid
from hoks.identifiers import with_check_digit

SOURCES = ("A", "B", "registers")
STAFF = with_check_digit("98", "9100000000")
TOKEN_SECONDS = 12 * 3600


@contextmanager
def place(folder: Path, *, together: bool = False, core: int | None = LOAD_CORE) -> Iterator[Place]:
    """Running sources, each of A and B a process and one for all registers, and whoever signs tokens for them.

    ``together`` has one process be all of them, where nothing is to be timed closely.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": KEY_ID, "use": "sig", "alg": "ES256"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [public]}))
    (folder / "answer.json").write_text(json.dumps({"data": right(0, WHOLE)}, separators=(",", ":")))

    @cache
    def token(who: str) -> str:
        is_staff = who == "staff"
        role = {"role": "staff", "organisation": provider_oid(0)} if is_staff else {"role": "student"}
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": STAFF if is_staff else who,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "roles": [role],
        }
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": KEY_ID})

    started_as = {"sources": free_port()} if together else {name: free_port() for name in SOURCES}
    ports = dict.fromkeys(SOURCES, started_as["sources"]) if together else started_as
    with ExitStack() as stack:
        for name, port in started_as.items():
            command = Command([sys.executable, "-m", "bench.sources", port, folder / "jwks.json"])
            pid = stack.enter_context(process(command, LOGS / f"source-{name}.log", core=core))
            asyncio.run(listens(port, pid))
        yield Place(folder=folder, ports=ports, tokens=token)
