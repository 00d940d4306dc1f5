"""The command line of the suite: ``python -m steward daily``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from steward import PrerequisiteError, StewardError, profile
from steward.database import target
from steward.run import report
from steward.run.run_context import RunOptions
from steward.run.supervisor import supervise
from steward.setup import bootstrap, demo, introspect, profile_template
from steward.setup.provision import provision
from steward.terminal.live import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_SCHEDULES = {
    "daily": "create partitions, purge rows, vacuum, analyze, reindex, refresh views, and run the daily checks",
    "checks": "run all checks, tenant isolation among them; nothing is left in the database",
}


_EXIT_CODES = "What each exit code means: docs/runbook.md."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="steward", description="Maintain and verify a multi-tenant PostgreSQL database."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, meaning in _SCHEDULES.items():
        command = commands.add_parser(name, help=meaning, description=meaning, epilog=_EXIT_CODES)
        _common(command)
        command.add_argument("--plan", action="store_true", help="show what is due and its SQL; change nothing")
        command.add_argument(
            "--workers", type=_positive, help="how many lanes run at the same time (default: the profile's)"
        )
        command.add_argument(
            "--window", type=profile.parse_duration, help="start no action after this time, for example 45min"
        )
        command.add_argument(
            "--quiet", action="store_true", help="print only one line for each finding and one for the run"
        )
        command.add_argument("-k", metavar="EXPRESSION", help="only items whose names match, as in pytest")
        command.add_argument("-m", metavar="MARKS", help="only items with these marks, as in pytest")
        command.add_argument(
            "--no-report", action="store_true", help="make no HTML report; the record is always written"
        )
    boot = commands.add_parser("bootstrap", help="create what the suite needs in the database")
    _common(boot)
    boot.add_argument("--print-sql", action="store_true", help="print the statements for an administrator; run nothing")
    rebuild = commands.add_parser("demo", help="rebuild the embedded demo database")
    _common(rebuild)
    rebuild.add_argument(
        "--scale", type=float, default=1.0, help="size of the data; 1 is a million corrections and 300,000 suggestions"
    )
    first = commands.add_parser("profile", help="write a first profile for the database that the environment names")
    first.add_argument("--output", type=Path, help="the file to write (default: standard output)")
    first.add_argument("--replace", action="store_true", help="overwrite an existing file")
    report_of = commands.add_parser("report", help="make the report of a run again")
    report_of.add_argument("folder", nargs="?", type=Path, help="the run's directory (default: the latest run)")
    return parser


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--profile", help="name or path of the profile (default: STEWARD_PROFILE)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code (see docs/runbook.md); errors are one line on standard error."""
    args = _parser().parse_args(arguments)
    try:
        return _run(args)
    except PrerequisiteError as error:
        print("\n".join((f"steward: {error}", *error.statements)), file=sys.stderr)
        return error.exit_code
    except StewardError as error:
        print(f"steward: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("steward: interrupted before the run began; nothing was done", file=sys.stderr)
        return 5


def _run(args: argparse.Namespace) -> int:
    if args.command in {"report", "profile"}:
        return _without_profile(args)
    name = args.profile or os.environ.get("STEWARD_PROFILE") or None
    if args.command == "bootstrap" and args.print_sql and name:
        # Needs no database, not even the name of one: the script is for another person and another machine.
        return bootstrap.print_script(profile.load(name))
    request = target.resolve(os.environ, name)
    chosen = profile.load(request.profile)
    if args.command == "bootstrap" and args.print_sql:
        return bootstrap.print_script(chosen)
    if args.command == "demo":
        return demo.main(request, args.scale, os.environ)
    with provision(request, os.environ) as at:
        if args.command == "bootstrap":
            return bootstrap.main(at, chosen)
        selection = [word for flag in "km" if (value := getattr(args, flag)) for word in (f"-{flag}", value)]
        terminal = Terminal.for_stream(sys.stdout, os.environ, quiet=args.quiet)
        try:
            options = RunOptions(
                args.command, args.plan, args.workers, args.window, tuple(selection), not args.no_report
            )
            return supervise(options, at, chosen, terminal, os.environ)
        finally:
            terminal.close()


def _without_profile(args: argparse.Namespace) -> int:
    if args.command == "report":
        return report.render((args.folder or report.runs(os.environ) / "latest").resolve())
    return _first_profile(args.output, replace=args.replace)


def _first_profile(output: Path | None, *, replace: bool) -> int:
    """Write a first profile for the database that the environment names; nothing is written in the database."""
    known = profile.load("any")
    with provision(target.resolve(os.environ, known.name), os.environ) as at:
        found = introspect.inspect(at, known)
    if output is None:
        print(profile_template.text(found), end="")
        return 0
    profile_template.write(profile_template.text(found, str(output.resolve())), output, replace=replace)
    print(
        f"{output}: {found.counts['tables']} tables, {len(found.families)} families of partitions; read it, then use it"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
