"""The gate: finds every kind of check, asks it, and puts the results side by side. A new kind needs no change here."""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tiermix import answers, checks
from tiermix.answers import Desk
from tiermix.config.reader import nearest
from tiermix.errors import NoData, UsageError
from tiermix.timewin import Window, rfc3339
from tiermix.verdicts import CheckResult, Gate

_DEFAULT_STORE = Path("tiermix.duckdb")


def kinds() -> tuple[str, ...]:
    """The kinds of check there are: the modules of `tiermix.checks` that do not begin with an underscore, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(checks.__path__) if not m.name.startswith("_")))


def check(desk: Desk, *, only: Sequence[str] = (), slos: Sequence[str] = (), allow_no_data: bool = False) -> Gate:
    """What all checks find, or those of the kinds in `only`, on all SLOs or those named.

    Raises:
        UsageError: there is no such kind or SLO.
        NoData: the store is empty, or there was nothing to check.
    """
    known = kinds()
    for name in only:
        if name not in known:
            raise UsageError(f"there is no kind of check {name!r}", where="--only", hint=nearest(name, known))
    chosen = answers.slos_of(desk.config, slos)
    narrowed = Desk(desk.store, replace(desk.config, slos=chosen), desk.now, desk.asked_as_of, desk.zone_name)
    longest = max(s.window for s in chosen)
    frame = narrowed.frame(Window(narrowed.as_of - timedelta(seconds=longest), narrowed.as_of))
    results = tuple(r for kind in known if not only or kind in only for r in _ask(kind, narrowed))
    if not results:
        raise NoData("there is nothing to check", where="--only" if only else "", hint=f"kinds: {', '.join(known)}")
    return Gate(frame, results, allow_no_data, whole=not only and not slos)


def _ask(kind: str, desk: Desk) -> tuple[CheckResult, ...]:
    found = importlib.import_module(f"tiermix.checks.{kind}").check(desk)
    return tuple(replace(r, kind=kind, look=_from_here(r.look, desk)) for r in found)


def _from_here(command: str, desk: Desk) -> str:
    """A command that answers from the same store for the same moment."""
    if not command:
        return ""
    path = desk.store.path
    store = "" if path is None or path == _DEFAULT_STORE else f" --db {shlex.quote(str(path))}"
    moment = "" if desk.asked_as_of is None or command == "tiermix status" else f" --as-of {rfc3339(desk.asked_as_of)}"
    return f"{command}{store}{moment}"
