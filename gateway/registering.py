"""The commands ``hoks-gateway operations add|list|check``: trusted documents checked against the schema and the limits,
and kept in the manifest of their client."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.serving import UserError

if TYPE_CHECKING:
    from gateway.settings import Settings

# What a gateway is made of is imported inside the functions: other commands need none of it and should start at once.


def add_operations_commands(commands: Any) -> None:
    """Add the commands to those of the command line."""
    operations = commands.add_parser("operations", help="the trusted documents of clients")
    what = operations.add_subparsers(required=True, metavar="COMMAND")

    add = what.add_parser("add", help="check a file of trusted documents and add them to the manifest of a client")
    _add_file(add)
    _add_config(add, required=True)
    add.add_argument("--client", required=True, metavar="ID", help="the client, as the settings name it")
    add.set_defaults(command=_add)

    list_ = what.add_parser("list", help="print every trusted document: its hash, its name and its client")
    _add_config(list_, required=True)
    list_.add_argument("--client", metavar="ID", help="only of this client")
    list_.set_defaults(command=_list)

    check = what.add_parser("check", help="check a file of trusted documents as `add` would, and write nothing")
    _add_file(check)
    _add_config(check, required=False)
    check.set_defaults(command=_check)


def _add_file(parser: argparse.ArgumentParser) -> None:
    text = "the documents by their hashes (JSON), as graphql-codegen and the Relay compiler emit them"
    parser.add_argument("file", type=Path, metavar="FILE", help=text)


def _add_config(parser: argparse.ArgumentParser, *, required: bool) -> None:
    text = "the settings (TOML)" if required else "the settings (TOML), for their limits (default: the usual ones)"
    parser.add_argument("--config", type=Path, required=required, metavar="FILE", help=text)


def _add(chosen: argparse.Namespace) -> int:
    from gateway.manifests import ManifestRefusedError, add_to_manifest

    settings = _settings(chosen.config)
    manifest = _manifest_of(chosen.client, settings, chosen.config)
    documents = _fitting(chosen.file, settings)
    try:
        new = add_to_manifest(manifest, documents)
    except ManifestRefusedError as refused:
        raise UserError(str(refused)) from None
    print(f"{new} operations added to {manifest}; {len(documents) - new} were there")
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from gateway.manifests import ManifestRefusedError, name_of, read_manifest

    settings = _settings(chosen.config)
    if chosen.client is not None:
        _manifest_of(chosen.client, settings, chosen.config)
    for client in settings.client:
        manifest = client.manifest_path
        if chosen.client in (None, client.id) and manifest is not None and manifest.exists():
            try:
                documents = read_manifest(manifest)
            except ManifestRefusedError as refused:
                raise UserError(str(refused)) from None
            for hashed, text in documents.items():
                print(f"{hashed}  {name_of(text)}  {client.id}")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen.config) if chosen.config is not None else None
    documents = _fitting(chosen.file, settings)
    print(f"{len(documents)} operations fit")
    return 0


def _fitting(file: Path, settings: "Settings | None") -> Mapping[str, str]:
    """The documents of a file, of which every one fits. Raises ``UserError`` once each that does not is told."""
    from gateway.manifests import ManifestRefusedError, misfits, read_manifest
    from gateway.settings import Limits
    from resolvers.schema import build, executable

    try:
        documents = read_manifest(file)
    except ManifestRefusedError as refused:
        raise UserError(str(refused)) from None
    limits = settings.limits if settings is not None else Limits()
    told = list(misfits(file, documents, executable(build()), limits))
    for line in told:
        print(line, file=sys.stderr)
    if told:
        raise UserError(f"{file}: {len(told)} of {len(documents)} operations refused, nothing added")
    return documents


def _settings(config: Path) -> "Settings":
    from gateway.settings import SettingsError
    from gateway.settings_file import load

    try:
        return load(config)
    except SettingsError as refused:
        raise UserError(str(refused)) from None


def _manifest_of(client: str, settings: "Settings", config: Path) -> Path:
    for each in settings.client:
        if each.id == client and each.manifest_path is not None:
            return each.manifest_path
    raise UserError(f"{config}: expected a [[client]] with id = {client!r} and a manifest_path")
