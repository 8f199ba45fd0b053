"""The room is what its docstring says it is."""

import re
from pathlib import Path

import sandbox

ROOM = Path(sandbox.__file__).parent


def test_the_docstring_lists_every_module_of_the_room() -> None:
    listed = re.findall(r"^- ``(\w+)``: ", sandbox.__doc__ or "", re.MULTILINE)
    assert sorted(listed) == sorted(f.stem for f in ROOM.glob("*.py") if f.stem != "__init__")


def test_no_file_of_the_room_names_an_address_outside_loopback() -> None:
    for file in [*ROOM.glob("*.py"), *ROOM.glob("*.toml")]:
        addresses = re.findall(r"https?://[\w.{]+", file.read_text())
        assert set(addresses) <= {"http://{HOST", "http://127.0.0.1", "http://localhost"}
