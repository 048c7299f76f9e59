"""What commands share: the clock, the desk they ask at, their options as values, and printing an answer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiermix import config, console
from tiermix.cli.options import (
    session,
)
from tiermix.console import Output
from tiermix.errors import UsageError

if TYPE_CHECKING:
    from tiermix.model import Keep

FORMATS = ("text", "json", "csv", "markdown")


def now() -> datetime:
    """The clock; TIERMIX_NOW replaces it, for reproducible runs."""
    from tiermix.timewin import parse_moment

    fixed = os.environ.get("TIERMIX_NOW")
    return parse_moment(fixed, UTC) if fixed else datetime.now(UTC)


def output_here() -> Output:
    """What this process may print."""
    return Output.of_this_process(session.quiet)


def format_of(chosen: str, as_json: bool, *, more: Sequence[str] = ()) -> str:
    """The format to print in; `more` are those that only one command has.

    Raises:
        UsageError: there is no such format.
    """
    if as_json:
        return "json"
    if chosen not in (*FORMATS, *more):
        hint = f"known: {', '.join((*FORMATS, *more))}"
        raise UsageError(f"there is no format {chosen!r}", where="--format", hint=hint)
    return chosen


def config_of(path: Path | None) -> config.Config:
    """The configuration in force."""
    return config.load(config_path_of(path))


def config_path_of(path: Path | None) -> Path | None:
    """The configuration to use, as short as it can be said from here."""
    here = Path.cwd()
    found = path or config.find(here)
    return found.relative_to(here) if found and found.is_relative_to(here) else found


def where_of(words: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """The values of each dimension that `--where` lets pass.

    Raises:
        UsageError: a word is not dim=value.
    """
    out: dict[str, tuple[str, ...]] = {}
    for word in words or ():
        dim, equals, value = word.partition("=")
        if not equals:
            raise UsageError(
                f"{word!r} is not dim=value", where="--where", hint="for example --where intent=refund-policy"
            )
        out[dim.strip()] = (*out.get(dim.strip(), ()), value)
    return out


def exact_target(text: str | None) -> Fraction | None:
    """A target such as 0.97 or 97%, as written, without rounding.

    Raises:
        UsageError: it is no number between 0 and 1.
    """
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


def slo_window_of(window: str | None) -> tuple[int, str] | None:
    """The window of an SLO that `--window` asks for: seconds, and the calendar period when it is one.

    Raises:
        UsageError: it is neither.
    """
    from tiermix.timewin import parse_slo_window

    return parse_slo_window(window) if window else None


def hash_key_of(settings: config.Config) -> str | None:
    """The key from the environment; None when nothing is hashed.

    Raises:
        UsageError: a key is needed and is not there.
    """
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


@contextmanager
def open_desk(
    db: Path, config_path: Path | None, logs: Sequence[str] | None = None, *, source: str = "", wait: float = 0,
    as_of: str | None = None, tz: str | None = None, keep: Keep = "requests",
) -> Iterator[Any]:  # fmt: skip
    """A desk over the store, or over log files that are read for this one question.

    `keep` says what of the logs the question needs, as `ingest` takes it: other than "requests" it is to whole minutes,
    which are read faster. (An excluded window can cut a minute.)
    """
    from tiermix.answers import Desk
    from tiermix.store import Store
    from tiermix.timewin import parse_moment, parse_zone

    settings = config_of(config_path)
    zone = tz or settings.timezone
    clock = now()
    moment = parse_moment(as_of, parse_zone(zone), clock) if as_of else None
    if not logs:
        with Store.read(db, wait=wait) as store:
            yield Desk(store, settings, clock, moment, zone)
        return
    from tiermix import ingest, inputs

    with Store.in_memory() as store, inputs.with_stdin(logs) as found, console.progress(output_here()) as progress:
        done = ingest.ingest(
            store,
            found,
            settings,
            now=clock,
            source=source,
            hash_key=hash_key_of(settings),
            keep="requests" if settings.exclusions else keep,
            progress=progress,
        )
        if done.quarantined and not session.quiet:
            console.tell(f"tiermix: {done.quarantined:,} of {done.lines:,} lines could not be used")
        yield Desk(store, settings, clock, moment, zone)


@contextmanager
def open_bare_desk(db: Path, logs: Sequence[str] | None) -> Iterator[Any]:
    """A desk without the configuration, which is about to be written."""
    from tiermix import ingest, inputs
    from tiermix.answers import Desk
    from tiermix.store import Store

    if not logs:
        with Store.read(db) as store:
            yield Desk(store, config.Config(), now())
        return
    with Store.in_memory() as store, inputs.with_stdin(logs) as found, console.progress(output_here()) as progress:
        ingest.ingest(store, found, config.Config(), now=now(), progress=progress)
        yield Desk(store, config.Config(), now())


def window_of(desk: Any, days: int | None, since: str | None, until: str | None) -> Any:
    """The window that the options ask for.

    Raises:
        UsageError: they contradict each other.
    """
    from tiermix.timewin import parse_moment

    if days is not None and since is not None:
        raise UsageError("--days and --since exclude each other", where="--since")
    start = parse_moment(since, desk.zone, desk.now) if since else None
    end = parse_moment(until, desk.zone, desk.now) if until else None
    return desk.window(days, start, end)


def show(kind: str, answer: Any, chosen: str, table: Any) -> None:
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

        output = output_here()
        console.say(getattr(text, kind)(answer, text.Style(output.width, output.color)))
    if chosen == "csv" and not session.quiet and answer.frame is not None:
        for note in answer.frame.warnings:
            console.tell(f"tiermix: {note.code}: {note.message}")
