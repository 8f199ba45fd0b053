"""What a gateway does to its store and its callers, in the order in which the system saw it: read from ``strace``."""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

REQUIRED = os.environ.get("HOKS_STRACE_REQUIRED") == "1"


def is_there() -> bool:
    """Whether the tool is installed."""
    return shutil.which("strace") is not None


def command(out: Path) -> list[str]:
    """What goes before a program to have it traced into a file. The program keeps its own process id."""
    calls = ",".join((*_WRITES, *_SYNCS, *_SENDS, *_READS))
    return ["strace", "-D", "-f", "--seccomp-bpf", "-q", "-y", "-s", "40", "-e", f"trace={calls}", "-e", "signal=none",
            "-o", str(out)]  # fmt: skip


class Did(StrEnum):
    """What is looked at."""

    RECEIVED = "received"
    """A request has come."""
    WROTE = "wrote"
    """Bytes of the store were given to the system."""
    SYNCED = "synced"
    """The system has said that they are durable."""
    SENT = "sent"
    """The first byte of an answer is given to the system."""


_WRITES = ("pwrite64", "write", "ftruncate")
_SYNCS = ("fdatasync", "fsync")
_SENDS = ("sendto", "sendmsg", "sendmmsg", "writev")
_READS = ("read", "recvfrom", "recvmsg")

_BEGUN = re.compile(r"^\d+ +(?P<call>\w+)\((?:\d+)(?:<(?P<file>[^>]*)>)?(?P<rest>.*)$")
_RESUMED = re.compile(r"^\d+ +<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$")


def done(lines: Iterable[str], store: Path) -> Iterator[Did]:
    """What was done, in order; a call counts as begun where it begins, and a sync as done where it returns."""
    durable = {f"{store}{suffix}" for suffix in ("", "-wal", "-journal")}
    syncing: set[str] = set()
    for line in lines:
        process = line.split(" ", 1)[0]
        if (begun := _BEGUN.match(line)) is not None:
            call, rest = begun["call"], begun["rest"]
            is_store = begun["file"] in durable
            if is_store and call in _WRITES:
                yield Did.WROTE
            elif is_store and call in _SYNCS:
                if rest.endswith("<unfinished ...>"):
                    syncing.add(process)
                elif rest.endswith("= 0"):
                    yield Did.SYNCED
            elif call in (*_WRITES, *_SENDS) and '"HTTP/1.1 200 ' in rest:
                yield Did.SENT
            elif call in _READS and '"POST /graphql' in rest:
                yield Did.RECEIVED
        elif (resumed := _RESUMED.match(line)) is not None:
            if resumed["call"] in _SYNCS and process in syncing:
                syncing.discard(process)
                if resumed["rest"].endswith("= 0"):
                    yield Did.SYNCED
            elif resumed["call"] in _READS and '"POST /graphql' in resumed["rest"]:
                yield Did.RECEIVED


def answers(order: Iterable[Did]) -> list[bool]:
    """Of each answer, to requests one after the other: whether the store was written for it and durable before it."""
    written = durable = False
    told = []
    for each in order:
        match each:
            case Did.RECEIVED:
                written = durable = False
            case Did.WROTE:
                written, durable = True, False
            case Did.SYNCED:
                durable = written
            case Did.SENT:
                told.append(written and durable)
    return told
