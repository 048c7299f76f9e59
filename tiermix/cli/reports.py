"""The report, printed or written to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tiermix import console
from tiermix.cli.common import (
    exact_target,
    format_of,
    open_desk,
    slo_window_of,
    window_of,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    AsOf,
    ConfigFile,
    Days,
    Db,
    Format,
    Json,
    Logs,
    Since,
    SloNames,
    Source,
    Target,
    Until,
    Wait,
    WindowOption,
    Zone,
)
from tiermix.errors import UsageError


def report(
    logs: Logs = None,
    days: Days = None,
    since: Since = None,
    until: Until = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .html, .json or .md file; repeatable. Default: reports/."),
    ] = None,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """The whole story as one offline HTML page.

    Or as JSON or Markdown. Written whole or not at all, with latest.html beside it.
    """
    from tiermix import answers, report
    from tiermix.render import document, markdown, words

    chosen, goal = format_of(fmt, as_json), exact_target(target)
    for path in out or ():
        _check_suffix(path)
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, slo_window_of(window), {})
        made = report.build(desk, window_of(desk, days, since, until), slos)
    if chosen == "csv":
        raise UsageError("a report has no CSV form", where="--format", hint="tiermix mix --format csv, or burn")
    if chosen == "text" or out:
        path = write_report(made, out or [], Path("reports"))
        if chosen == "text":
            console.say(f"{words.verdict(made.mix, made.burn)}\n{path}\n")
    if chosen == "json":
        console.say(document.dumps(document.report(made)) + "\n")
    elif chosen == "markdown":
        console.say(markdown.report(made))


REPORT_SUFFIXES = (".html", ".json", ".md")


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in REPORT_SUFFIXES:
        raise UsageError(
            f"cannot tell the format of {path.name!r}",
            where="--out",
            hint=f"end the name in {', '.join(REPORT_SUFFIXES)}",
        )


def write_report(made: Any, paths: Sequence[Path], folder: Path) -> Path:
    """Writes the report to the paths by their suffix, or as HTML into the folder with latest.html beside it."""
    from tiermix.files import point, write_whole
    from tiermix.render import document, html, markdown
    from tiermix.timewin import last_day, parse_zone

    for path in paths:
        if path.suffix.lower() == ".json":
            write_whole(path, document.dumps(document.report(made)) + "\n")
        else:
            write_whole(path, markdown.report(made) if path.suffix.lower() == ".md" else html.page(made))
    if paths:
        return paths[-1]
    day = last_day(made.frame.window.end, parse_zone(made.frame.zone))
    path = folder / f"tiermix-{day.isoformat()}.html"
    write_whole(path, html.page(made))
    point(folder / "latest.html", path)
    return path
