"""The command line: options in, exit code out. Which commands there are; each is a function in a file beside."""

from __future__ import annotations

from typing import Annotated

import typer

from tiermix import __version__, console
from tiermix.cli import data, explain, export, gate, questions, reference, reports, settings, start, watching
from tiermix.cli.options import session

app = typer.Typer(
    name="tiermix",
    help="What your users really got: the tier mix of an AI product as an SLO, from its routing logs.",
    epilog="Start with: tiermix demo. Exit codes: 0 done, 1 breached, 2 usage, 3 data, 4 store, 75 busy, 70 bug.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Check or show the configuration.", no_args_is_help=True, rich_markup_mode=None)
export_app = typer.Typer(
    help="Metrics, alerts and SLOs for other systems.", no_args_is_help=True, rich_markup_mode=None
)


def _version(asked: bool) -> None:
    if asked:
        console.say(f"tiermix {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="A traceback when tiermix itself fails.")] = False,
) -> None:
    session.quiet, session.debug = quiet, debug


# In the order in which --help lists them.
app.command("demo")(start.demo)
app.command("init")(start.init)
app.command("ingest")(data.ingest)
app.command("mix")(questions.mix)
app.command("burn")(questions.burn)
app.command("drift")(watching.drift)
app.command("explain")(explain.explain)
app.command("check")(gate.check)
app.command("notify")(gate.notify)
app.command("report")(reports.report)
export_app.command("openmetrics")(export.openmetrics)
export_app.command("prometheus-rules")(export.prometheus_rules)
export_app.command("grafana")(export.grafana)
export_app.command("openslo")(export.openslo)
export_app.command("sloth")(export.sloth)
app.add_typer(export_app, name="export")
app.command("status")(data.status)
app.command("sql")(reference.query)
app.command("schema")(reference.schema)
config_app.command("check")(settings.check)
config_app.command("show")(settings.show_all)
app.add_typer(config_app, name="config")
