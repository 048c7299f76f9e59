"""The command line: options in, exit code out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from tiermix import __version__, config, console, sql
from tiermix.console import Output
from tiermix.errors import ExitCode, UsageError
from tiermix.options import (
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
    WhereOption,
    WindowOption,
    Zone,
    session,
)

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
app.add_typer(config_app, name="config")

FORMATS = ("text", "json", "csv", "markdown")


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


def _now() -> datetime:
    """The clock; TIERMIX_NOW replaces it, for reproducible runs."""
    from tiermix.timewin import parse_moment

    fixed = os.environ.get("TIERMIX_NOW")
    return parse_moment(fixed, UTC) if fixed else datetime.now(UTC)


def _output() -> Output:
    return Output.of_this_process(session.quiet)


def _format(chosen: str, as_json: bool) -> str:
    if as_json:
        return "json"
    if chosen not in FORMATS:
        raise UsageError(f"there is no format {chosen!r}", where="--format", hint=f"known: {', '.join(FORMATS)}")
    return chosen


def _config(path: Path | None) -> config.Config:
    return config.load(_config_path(path))


def _config_path(path: Path | None) -> Path | None:
    """The configuration to use, as short as it can be said from here."""
    here = Path.cwd()
    found = path or config.find(here)
    return found.relative_to(here) if found and found.is_relative_to(here) else found


def _where(words: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    for word in words or ():
        dim, equals, value = word.partition("=")
        if not equals:
            raise UsageError(
                f"{word!r} is not dim=value", where="--where", hint="for example --where intent=refund-policy"
            )
        out[dim.strip()] = (*out.get(dim.strip(), ()), value)
    return out


def _exact_target(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        value = Fraction(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"{text!r} is not a number", where="--target", hint="write 0.97 or 97%") from error
    if not 0 < value < 1:
        hint = f"did you mean {float(value) / 100:g}?" if 1 < value < 100 else "write 0.97 or 97%"
        raise UsageError(f"a target lies between 0 and 1, not at {text}", where="--target", hint=hint)
    return value


@contextmanager
def _desk(
    db: Path, config_path: Path | None, logs: Sequence[str] | None = None, *, source: str = "", wait: float = 0,
    as_of: str | None = None, tz: str | None = None,
) -> Iterator[Any]:  # fmt: skip
    """A desk over the store, or over log files that are read for this one question."""
    from tiermix.answers import Desk
    from tiermix.store import Store
    from tiermix.timewin import parse_moment, parse_zone

    settings = _config(config_path)
    zone = tz or settings.timezone
    now = _now()
    moment = parse_moment(as_of, parse_zone(zone), now) if as_of else None
    if not logs:
        with Store.read(db, wait=wait) as store:
            yield Desk(store, settings, now, moment, zone)
        return
    from tiermix import ingest, inputs

    with Store.in_memory() as store, inputs.with_stdin(logs) as found, console.progress(_output()) as progress:
        done = ingest.ingest(
            store, found, settings, now=now, source=source, hash_key=_hash_key(settings), progress=progress
        )
        if done.quarantined and not session.quiet:
            console.tell(f"tiermix: {done.quarantined:,} of {done.lines:,} lines could not be used")
        yield Desk(store, settings, now, moment, zone)


def _hash_key(settings: config.Config) -> str | None:
    if not settings.hash_users:
        return None
    key = os.environ.get("TIERMIX_HASH_KEY", "")
    if len(key) < 16:
        raise UsageError(
            "privacy.hash_users needs a key of at least 16 characters",
            where="TIERMIX_HASH_KEY",
            hint="export TIERMIX_HASH_KEY=... from your secret store, always the same one",
        )
    return key


def _window(desk: Any, days: int | None, since: str | None, until: str | None) -> Any:
    from tiermix.timewin import parse_moment

    if days is not None and since is not None:
        raise UsageError("--days and --since exclude each other", where="--since")
    start = parse_moment(since, desk.zone, desk.now) if since else None
    end = parse_moment(until, desk.zone, desk.now) if until else None
    return desk.window(days, start, end)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder for the report.")] = Path("reports"),
) -> None:
    """See it work on half a year of sample logs.

    Reads them into tiermix-demo.duckdb, prints the mix and the burn rates, and writes the report.
    """
    from tiermix import answers, report
    from tiermix.demo import STORE, open_demo
    from tiermix.render import text, words
    from tiermix.timewin import days_window

    output = _output()
    style = text.Style(output.width, output.color)
    with console.progress(output) as progress:
        desk = open_demo(_now(), progress)
    with desk.store:
        console.say(text.mix(answers.mix(desk, days_window(14, desk.as_of, desk.zone)), style))
        console.say(text.burn(answers.burn(desk, answers.slos_of(desk.config)), style))
        made = report.build(desk, days_window(180, desk.as_of, desk.zone), answers.slos_of(desk.config))
    path = _write_report(made, [], out)
    console.say(f"{words.verdict(made.mix, made.burn)}\n\nThe report of all 180 days: {path}\n")
    console.say(f"Try next: tiermix mix --by reason --db {STORE}\n")
    console.say("Your own logs: tiermix ingest LOGS && tiermix report --days 30\n")


@app.command()
def init(
    logs: Logs = None,
    db: Db = DEFAULT_DB,
    force: Annotated[bool, typer.Option("--force", help="Replace a tiermix.toml that exists.")] = False,
    to_stdout: Annotated[bool, typer.Option("--print", help="Print it instead of writing it.")] = False,
) -> None:
    """Write a first tiermix.toml from the logs.

    Looks at the given logs, or at the store, and writes what it saw, commented, for you to correct.
    """
    from tiermix import setup
    from tiermix.files import write_whole

    target = Path(config.FILE_NAME)
    if target.exists() and not (force or to_stdout):
        raise UsageError("there is a configuration already", where=str(target), hint="--force replaces it")
    if logs or db.exists():
        with _bare_desk(db, logs) as desk:
            made = setup.proposal(desk)
    else:
        made = setup.example()
    if to_stdout:
        console.say(made)
        return
    write_whole(target, made)
    console.say(f"wrote {target}\nCheck it: tiermix config check\n")


@contextmanager
def _bare_desk(db: Path, logs: Sequence[str] | None) -> Iterator[Any]:
    """A desk without the configuration, which is about to be written."""
    from tiermix import ingest, inputs
    from tiermix.answers import Desk
    from tiermix.store import Store

    if not logs:
        with Store.read(db) as store:
            yield Desk(store, config.Config(), _now())
        return
    with Store.in_memory() as store, inputs.with_stdin(logs) as found, console.progress(_output()) as progress:
        ingest.ingest(store, found, config.Config(), now=_now(), progress=progress)
        yield Desk(store, config.Config(), _now())


@app.command("ingest")
def ingest_command(
    logs: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, quoted globs, or - for stdin.")],
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    max_bad: Annotated[
        float, typer.Option("--max-bad", metavar="SHARE", min=0, max=1, help="Share of lines that may be bad.")
    ] = 0.01,
    explain: Annotated[
        bool, typer.Option("--explain", help="Store nothing: show what would become of the first records.")
    ] = False,
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> int:
    """Read routing logs into the store.

    Every line is accounted for and every request counted once, however often a file is read.
    """
    from tiermix import ingest, inputs
    from tiermix.render import document, text
    from tiermix.store import Store

    chosen = _format(fmt, as_json)
    output, settings = _output(), _config(config_path)
    hash_key = _hash_key(settings)
    if explain:
        return _explain(logs, settings, source, hash_key)
    with inputs.with_stdin(logs) as found, Store.write(db, wait=wait) as store, console.progress(output) as progress:
        done = ingest.ingest(
            store, found, settings, now=_now(), source=source, max_bad=max_bad, hash_key=hash_key, progress=progress
        )
    if chosen not in ("text", "json"):
        raise UsageError(f"a receipt has no {chosen} form", where="--format", hint="text or json")
    for note in () if session.quiet else done.warnings:
        console.tell(f"tiermix: {note.message}")
    if chosen == "json":
        console.say(document.dumps(document.receipt(done)) + "\n")
    else:
        console.say(text.receipt(done, text.Style(output.width, output.color)))
    if done.too_bad:
        console.tell(
            f"tiermix: error: {done.quarantined:,} of {done.lines:,} lines could not be used, more than --max-bad "
            f"{max_bad:g}\n  fix: see why with: tiermix status --db {db}"
        )
        return ExitCode.DATA
    if not session.quiet and chosen == "text" and sys.stderr.isatty():
        console.tell("Next: tiermix mix, or tiermix report --days 30")
    return ExitCode.OK


def _explain(logs: Sequence[str], settings: config.Config, source: str, hash_key: str | None) -> int:
    from tiermix import inputs
    from tiermix.preview import preview
    from tiermix.render import text

    output = _output()
    with inputs.with_stdin(logs) as found:
        for path in found.paths:
            made = preview(path, settings, source, _now(), hash_key)
            console.say(text.preview(found.labels.get(path, str(path)), made, text.Style(output.width, output.color)))
    return ExitCode.OK


@app.command()
def mix(
    logs: Logs = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="DIM", help="Group by intent, traffic_class, tenant, feature, reason ..."),
    ] = None,
    where: WhereOption = None,
    days: Days = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """What users got: served-tier shares by day.

    Beside them stands what the fallback metric says. Given LOGS, it reads those and needs no store.
    """
    from tiermix import answers
    from tiermix.render import tables

    chosen = _format(fmt, as_json)
    with _desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        answer = answers.mix(desk, _window(desk, days, since, until), by=by, where=_where(where))
    _print("mix", answer, chosen, tables.mix_group_counts(answer) if by else tables.mix_day_counts(answer))


@app.command()
def burn(
    logs: Logs = None,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    fail: Annotated[bool, typer.Option("--fail", help="Exit 1 when an alert fires or a target is missed.")] = False,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> int:
    """Is the promise kept: burn rates and budget.

    Without an SLO in the configuration: the primary's share against 0.97 over 7 days.
    """
    from tiermix import answers
    from tiermix.render import tables

    chosen, goal = _format(fmt, as_json), _exact_target(target)
    with _desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, _whole_minutes(window), _where(where))
        answer = answers.burn(desk, slos)
    _print("burn", answer, chosen, tables.burn_counts(answer))
    return ExitCode.BREACHED if fail and not answer.ok else ExitCode.OK


def _whole_minutes(window: str | None) -> int | None:
    from tiermix.timewin import MINUTE, parse_duration

    seconds = parse_duration(window) if window else None
    if seconds is not None and seconds % MINUTE:
        raise UsageError("a window is a whole number of minutes", where="--window")
    return seconds


def _print(kind: str, answer: Any, chosen: str, table: Any) -> None:
    """Prints an answer in the chosen format; `kind` is the name of its function in every renderer."""
    if chosen == "json":
        from tiermix.render import document

        console.say(document.dumps(getattr(document, kind)(answer)) + "\n")
    elif chosen == "csv":
        from tiermix.render import csv

        console.say(csv.table(table))
    elif chosen == "markdown":
        from tiermix.render import markdown

        console.say(getattr(markdown, kind)(answer))
    else:
        from tiermix.render import text

        output = _output()
        console.say(getattr(text, kind)(answer, text.Style(output.width, output.color)))
    if chosen in ("csv",) and not session.quiet:
        for note in answer.frame.warnings:
            console.tell(f"tiermix: {note.code}: {note.message}")


@app.command("report")
def report_command(
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

    chosen, goal = _format(fmt, as_json), _exact_target(target)
    for path in out or ():
        _check_suffix(path)
    with _desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, _whole_minutes(window), {})
        made = report.build(desk, _window(desk, days, since, until), slos)
    if chosen == "csv":
        raise UsageError("a report has no CSV form", where="--format", hint="tiermix mix --format csv, or burn")
    if chosen == "text" or out:
        path = _write_report(made, out or [], Path("reports"))
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


def _write_report(made: Any, paths: Sequence[Path], folder: Path) -> Path:
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


@app.command()
def status(
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    tz: Zone = None,
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """What the store holds, how far to trust it.

    Coverage, freshness, duplicates, and why lines are in the quarantine.
    """
    from tiermix import answers
    from tiermix.render import csv, document, markdown, tables, text

    chosen, output = _format(fmt, as_json), _output()
    with _desk(db, config_path, wait=wait, tz=tz) as desk:
        frame, trusted, bad = answers.status(desk)
    table = tables.quarantine(bad)
    if chosen == "json":
        console.say(document.dumps(document.status(frame, trusted, bad)) + "\n")
    elif chosen == "csv":
        console.say(csv.table(tables.trust(trusted)))
    elif chosen == "markdown":
        console.say(markdown.table(tables.trust(trusted)) + "\n" + markdown.table(table))
    else:
        console.say(text.status(frame, trusted, table, text.Style(output.width, output.color)))


@app.command("sql")
def sql_command(
    name: Annotated[
        str | None, typer.Argument(help="A query, such as mix/by_minute; without one, all are listed.")
    ] = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
) -> None:
    """Print a query, ready for the duckdb shell.

    With a store at hand, the values of a plain question over the last 30 days are filled in.
    """
    if name is None:
        console.say("".join(f"{n:28} {sql.load(n).header.get('what', '')}\n" for n in sql.names()))
        return
    query = sql.load(name)
    if not query.params or not db.exists():
        console.say(query.text)
        return
    from tiermix import answers

    with _desk(db, config_path) as desk:
        params = answers.usual_params(desk, name)
    console.say(f"-- duckdb -readonly {db}\n{sql.pasteable(query, params)}")


@app.command()
def schema(
    name: Annotated[
        str | None, typer.Argument(help="request, or the document of a command; without one, all are listed.")
    ] = None,
) -> None:
    """Print a JSON Schema of a log or an answer.

    request is the native log record; the others are what the command of that name prints.
    """
    from tiermix import schemas

    console.say(schemas.load(name) if name else "".join(f"{n}\n" for n in schemas.names()))


@config_app.command("check")
def config_check(config_path: ConfigFile = None, as_json: Json = False) -> None:
    """Check the configuration: every fault at once, each with file, key and cure."""
    found = _config_path(config_path)
    if found is None:
        raise UsageError(
            "there is no tiermix.toml here or above", where=str(Path.cwd()), hint="tiermix init writes one"
        )
    settings = config.load(found)
    counts = f"tiers: {len(settings.tiers)}, SLOs: {len(settings.slos)}, switches: {len(settings.switches)}"
    if as_json:
        from tiermix.render import document

        console.say(document.dumps({"schema": "tiermix.config-check/1", "ok": True, "path": str(found)}) + "\n")
    else:
        console.say(f"{found}: ok ({counts})\n")


@config_app.command("show")
def config_show(config_path: ConfigFile = None, db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    """Show every setting in force and where it comes from."""
    from tiermix.render import document
    from tiermix.setup import settings_rows

    rows = settings_rows(_config(config_path), str(db), os.environ)
    if as_json:
        listed = [{"key": k, "value": v, "origin": origin} for k, v, origin in rows]
        console.say(document.dumps({"schema": "tiermix.config/1", "settings": listed}) + "\n")
        return
    console.say("".join(f"{k} = {v}    # {origin}\n" for k, v, origin in rows))
