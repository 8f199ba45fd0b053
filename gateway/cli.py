"""The command ``hoks-gateway``: run it with a sandbox, serve it, check its settings and operations, print its schema,
read its log.

Exit codes: 0 done, 1 something unexpected, 2 the user can mend it, said in one line.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gateway.registering import add_operations_commands
from gateway.sandbox_faults import FaultRefusedError, add_fault_command, told_of_faults
from gateway.serving import UserError, app_of, in_event_loop, serve
from gateway.trial import LAST_PORT, asked, folder_of, ran, sandboxed, token_of

MOST_WORKERS = 64
MOST_PORTS = 65_535
LONGEST_STREAM = 48

# What a gateway is made of is imported inside the commands: `token` needs none of it and should start at once.


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    try:
        return command(chosen)
    except UserError as mistake:
        print(f"hoks-gateway: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hoks-gateway", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="start the sandbox and a gateway in front of it")
    _add_port(run)
    run.set_defaults(command=_run)

    serving = commands.add_parser("serve", help="start the gateway with a settings file")
    serving.add_argument("--config", type=Path, required=True, metavar="FILE", help="the settings (TOML)")
    serving.add_argument(
        "--workers", type=_workers, metavar="N", help="processes that serve (default: as in the settings)"
    )
    alone = serving.add_argument_group("of one of several instances with the same file")
    alone.add_argument("--port", type=_own_port, metavar="N", help="where it listens (default: as in the settings)")
    alone.add_argument("--metrics-port", type=_own_port, metavar="N", help="the port of its metrics")
    alone.add_argument("--stream", type=_stream, metavar="NAME", help="its stream of the log of what was disclosed")
    serving.set_defaults(command=_serve)

    sandbox = commands.add_parser("sandbox", help="start the sandbox alone and write settings for it")
    _add_port(sandbox)
    sandbox.add_argument(
        "--database", metavar="ADDRESS", help="the PostgreSQL database in which the gateway is to keep its records"
    )
    sandbox.add_argument("--password-file", type=Path, metavar="FILE", help="the password of the gateway's role there")
    sandbox.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    sandbox.set_defaults(command=_sandbox)
    add_fault_command(sandbox, _port, _sandbox_fault)

    token = commands.add_parser("token", help="print a token of a persona of the running sandbox")
    token.add_argument("persona", help="for example staff-a or student-1")
    token.add_argument("--client", metavar="ID", help="the client that it is issued to (its claim client_id)")
    _add_port(token)
    token.set_defaults(command=_token)

    schema = commands.add_parser("schema", help="print the GraphQL schema")
    schema.add_argument("--subgraph", action="store_true", help="as a subgraph of Apollo Federation v2")
    schema.set_defaults(command=_schema)

    explain = commands.add_parser("explain", help="print the access rules, or why somebody sees what they see")
    explain.add_argument("--as", dest="role", metavar="ROLE", help="only the rules of one role, for example instructor")
    explain.add_argument("--persona", help="of the running sandbox: explain what this persona sees of --student")
    explain.add_argument("--student", metavar="OID", help="the student to explain")
    _add_port(explain)
    explain.set_defaults(command=_explain)

    log_ = commands.add_parser("log", help="the log of what was disclosed")
    logs = log_.add_subparsers(required=True, metavar="WHAT")
    read = logs.add_parser("read", help="print what the log says of a person; that you do is itself recorded")
    read.add_argument("--config", type=Path, required=True, metavar="FILE", help="the settings (TOML)")
    read.add_argument("--subject", required=True, metavar="OID", help="the person it is about")
    read.add_argument("--reason", required=True, metavar="TEXT", help="why you read it")
    read.add_argument("--provider", metavar="OID", help="only what this provider answers for")
    read.add_argument("--operator", metavar="NAME", help="who you are (default: the account you are logged in with)")
    read.set_defaults(command=_log_read)

    records = commands.add_parser("records", help="the database in which the gateway keeps its records")
    of_records = records.add_subparsers(required=True, metavar="COMMAND")
    prepare = of_records.add_parser("prepare", help="as its owner: bring the tables up to date, and grant the gateway")
    prepare.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the settings of the gateway (TOML)"
    )
    prepare.add_argument("--owner", required=True, metavar="ROLE", help="the role that owns the tables")
    prepare.add_argument("--password-file", type=Path, required=True, metavar="FILE", help="the password of the owner")
    prepare.add_argument("--erasure", metavar="ROLE", help="the role that erases what has been kept long enough")
    prepare.set_defaults(command=_prepare_records)

    retain = of_records.add_parser("retain", help="erase what its time is over; for a timer, once a day")
    retain.add_argument("--config", type=Path, required=True, metavar="FILE", help="the settings (TOML)")
    retain.add_argument("--role", metavar="ROLE", help="of a database, the role that erases (default: the gateway's)")
    retain.add_argument("--password-file", type=Path, metavar="FILE", help="the password of that role")
    retain.set_defaults(command=_records_retain)

    add_operations_commands(commands)

    check = commands.add_parser("check-config", help="load a settings file and try every source that it names")
    check.add_argument("config", type=Path, metavar="FILE", help="the settings (TOML)")
    check.set_defaults(command=_check_config)
    return parser


def _add_port(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("PORT") or "8080"
    text = "port of the gateway, the sandbox takes the ten after it (default: PORT or 8080)"
    parser.add_argument("--port", type=_port, default=default, help=text)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 1 to {LAST_PORT}")


def _own_port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PORTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a port from 1 to {MOST_PORTS}")


def _stream(text: str) -> str:
    if text.isprintable() and 1 <= len(text) <= LONGEST_STREAM:
        return text
    raise argparse.ArgumentTypeError(f"expected a name of at most {LONGEST_STREAM} letters")


def _workers(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number from 1 to {MOST_WORKERS}")


def _version() -> str:
    try:
        return version("hoks-gateway")
    except PackageNotFoundError:
        return "unknown (not installed)"


# --- commands


def _schema(chosen: argparse.Namespace) -> int:
    from resolvers.schema import build, sdl, subgraph_sdl

    print(subgraph_sdl() if chosen.subgraph else sdl(build()), end="")
    return 0


def _explain(chosen: argparse.Namespace) -> int:
    from gateway.explain import explain_rules, explain_student
    from gateway.settings import SettingsError

    try:
        if chosen.persona is None and chosen.student is None:
            print(explain_rules(chosen.role), end="")
            return 0
        if chosen.persona is None or chosen.student is None:
            raise UserError("`--persona` and `--student` go together")
        token = token_of(chosen.persona, chosen.port)
        config = folder_of(chosen.port) / "gateway.toml"
        print("\n".join(in_event_loop(explain_student(config, token, chosen.student, chosen.role))))
        return 0
    except SettingsError as refused:
        raise UserError(str(refused)) from None


def _check_config(chosen: argparse.Namespace) -> int:
    from gateway.checking import Tried, as_capabilities, as_table, try_sources
    from gateway.settings import SettingsError

    def tell(tried: Tried) -> None:
        print(f"{tried.source}: {tried.outcome.lower()} in {tried.milliseconds:.0f} ms", file=sys.stderr, flush=True)

    _log(logging.ERROR)
    app_of(chosen.config)
    try:
        tried = in_event_loop(try_sources(chosen.config, tell))
    except SettingsError as refused:
        raise UserError(f"{chosen.config}: {refused}") from None
    print(as_capabilities(tried), as_table(tried), sep="\n\n")
    if ill := [each.source for each in tried if not each.is_well]:
        raise UserError(f"the settings can be used; not well: {', '.join(ill)}")
    print("OK")
    return 0


def _log_read(chosen: argparse.Namespace) -> int:
    from gateway.oversight import read_log
    from gateway.records.inspection import Enquiry
    from hoks.identifiers import learner_oid, organisation_oid

    if not chosen.reason.strip():
        raise UserError("`--reason`: say why you read the log")
    try:
        enquiry = Enquiry(
            subject=learner_oid(chosen.subject),
            operator=(chosen.operator or _account()).strip(),
            account=_account(),
            reason=chosen.reason.strip(),
            provider=organisation_oid(chosen.provider) if chosen.provider is not None else None,
        )
    except ValueError as fault:
        raise UserError(f"expected an OID: {fault}") from None
    _log(logging.CRITICAL)
    for line in in_event_loop(read_log(chosen.config, enquiry)):
        print(line)
    return 0


def _account() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _records_retain(chosen: argparse.Namespace) -> int:
    from gateway.oversight import erase_what_is_over

    if (chosen.role is None) != (chosen.password_file is None):
        raise UserError("`--role` and `--password-file` go together")
    _log(logging.CRITICAL)
    print(in_event_loop(erase_what_is_over(chosen.config, chosen.role, chosen.password_file)))
    return 0


def _prepare_records(chosen: argparse.Namespace) -> int:
    from gateway.preparing import prepared
    from gateway.settings import SettingsError

    _log(logging.CRITICAL)
    try:
        role = in_event_loop(prepared(chosen.config, chosen.owner, chosen.password_file, chosen.erasure))
    except SettingsError as refused:
        raise UserError(str(refused)) from None
    print(f"prepared for the role `{role}`")
    return 0


def _token(chosen: argparse.Namespace) -> int:
    print(token_of(chosen.persona, chosen.port, chosen.client))
    return 0


def _serve(chosen: argparse.Namespace) -> int:
    from gateway.settings import Instance

    _log(logging.INFO)
    own = Instance(port=chosen.port, metrics_port=chosen.metrics_port, stream=chosen.stream)
    return serve(chosen.config, chosen.workers, own)


def _sandbox(chosen: argparse.Namespace) -> int:
    if (chosen.database is None) != (chosen.password_file is None):
        raise UserError("`--database` and `--password-file` go together")
    _log(logging.WARNING)
    records = (chosen.database, chosen.password_file.resolve()) if chosen.database is not None else None
    return in_event_loop(sandboxed(chosen.port, until_stdin_closes=chosen.until_stdin_closes, records=records))


def _sandbox_fault(chosen: argparse.Namespace) -> int:
    try:
        print(told_of_faults(chosen, asked))
    except FaultRefusedError as refused:
        raise UserError(str(refused)) from None
    return 0


def _run(chosen: argparse.Namespace) -> int:
    _log(logging.WARNING)
    return in_event_loop(ran(chosen.port))


def _log(level: int) -> None:
    from gateway.logs import write_logs

    write_logs(level)


if __name__ == "__main__":
    sys.exit(main())
