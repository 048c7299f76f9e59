"""The command line: options in, exit code out. Which commands there are; each is a function in a file beside."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from tiermix import __version__, console
from tiermix.cli.options import session

# Where each command stands, file and function, in the order in which --help lists them.
_COMMANDS = {
    "demo": "start.demo",
    "init": "start.init",
    "ingest": "data.ingest",
    "mix": "questions.mix",
    "burn": "questions.burn",
    "drift": "watching.drift",
    "explain": "explain.explain",
    "check": "gate.check",
    "notify": "gate.notify",
    "report": "reports.report",
    "export openmetrics": "export.openmetrics",
    "export prometheus-rules": "export.prometheus_rules",
    "export grafana": "export.grafana",
    "export openslo": "export.openslo",
    "export sloth": "export.sloth",
    "status": "data.status",
    "sql": "reference.query",
    "schema": "reference.schema",
    "config check": "settings.check",
    "config show": "settings.show_all",
}
_GROUPS = {"export": "Metrics, alerts and SLOs for other systems.", "config": "Check or show the configuration."}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The program, of which only the command that the arguments name is loaded; all of it when they name none."""
    app = typer.Typer(
        name="tiermix",
        help="What your users really got: the tier mix of an AI product as an SLO, from its routing logs.",
        epilog="Start with: tiermix demo. Exit codes: 0 done, 1 breached, 2 usage, 3 data, 4 store, 75 busy, 70 bug.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    asked = next((a for a in arguments if not a.startswith("-")), "")
    named = [c for c in _COMMANDS if c.split()[0] == asked] or list(_COMMANDS)
    parents = {"": app}
    for command in named:
        group, _, name = command.rpartition(" ")
        if group not in parents:
            parents[group] = typer.Typer(help=_GROUPS[group], no_args_is_help=True, rich_markup_mode=None)
            app.add_typer(parents[group], name=group)
        file, function = _COMMANDS[command].split(".")
        parents[group].command(name)(getattr(import_module(f"tiermix.cli.{file}"), function))
    return app


def _version(asked: bool) -> None:
    if asked:
        console.say(f"tiermix {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="A traceback when tiermix itself fails.")] = False,
) -> None:
    session.quiet, session.debug = quiet, debug
