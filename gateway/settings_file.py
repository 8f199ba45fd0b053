"""Reads the settings file and refuses what is unknown, missing or insecure, in one line that names file and key.

Paths in the file are relative to the file.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.complaints import complaints
from gateway.misfits import explained
from gateway.settings import THEIRS, Settings, SettingsError


def load(path: Path) -> Settings:
    """The settings in the file; ``SettingsError`` where the gateway must not start with them."""
    try:
        written = tomllib.loads(path.read_bytes().decode())
    except OSError as fault:
        raise SettingsError(f"{path}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: expected UTF-8 text") from None
    except tomllib.TOMLDecodeError as fault:
        raise SettingsError(f"{path}: expected TOML: {fault}") from None
    located = _beside(written, path.resolve().parent)
    try:
        settings = msgspec.convert(located, Settings, dec_hook=_path)
    except msgspec.ValidationError as fault:
        raise SettingsError(f"{path}: {explained(str(fault), located)}") from None
    for complaint in complaints(settings, located):
        raise SettingsError(f"{path}: {complaint}")
    return settings


# --- paths


_PATHS = re.compile(r".*_file|.*_path|folder|root_certificates")


def _beside(section: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The section with its relative paths made absolute."""
    return {key: _located(key, value, folder) for key, value in section.items()}


def _located(key: str, value: Any, folder: Path) -> Any:
    match value:
        case dict():
            return value if key in THEIRS else _beside(value, folder)
        case list():
            return [_located("", each, folder) for each in value]
        case str() if _PATHS.fullmatch(key):
            return str(folder / value)
        case _:
            return value


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError  # msgspec's word for "not a kind of mine"
