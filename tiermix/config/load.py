"""Finds `tiermix.toml`, reads it, and checks it as a whole: one pass names every fault in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TypeVar, get_args

from tiermix.config import channels
from tiermix.config import settings as s
from tiermix.config.alerts import infeasible, standard_rows
from tiermix.config.reader import Table, nearest
from tiermix.errors import ConfigError, Fault, UsageError
from tiermix.model import BUILT_IN_TIERS, DIMENSIONS, MAPPABLE_FIELDS, Severity
from tiermix.timewin import DAY, Window, parse_zone

FILE_NAME = "tiermix.toml"
T = TypeVar("T")


def find(start: Path) -> Path | None:
    """The nearest `tiermix.toml` at or above `start`; None when there is none."""
    for folder in (start, *start.parents):
        if (candidate := folder / FILE_NAME).is_file():
            return candidate
    return None


def load(path: Path | None) -> s.Config:
    """The configuration at `path`, or the defaults when it is None.

    Raises:
        ConfigError: with every fault of the file.
        UsageError: the file cannot be read.
    """
    if path is None:
        return s.Config()
    import hashlib
    import tomllib

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the configuration: {error.strerror}", where=str(path)) from error
    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(path), f"is not valid TOML: {error}")]) from error
    faults: list[Fault] = []
    config = _build(Table(data, "", faults), path, hashlib.sha256(raw).hexdigest())
    if faults:
        raise ConfigError([Fault(f"{path}: {f.where}", f.message, f.hint) for f in faults])
    return config


def _build(top: Table, path: Path, sha256: str) -> s.Config:
    owner = top.text("owner")
    timezone = top.text("timezone", "UTC")
    try:
        parse_zone(timezone)
    except UsageError as error:
        top.fault("timezone", error.message, error.hint)
        timezone = "UTC"
    freshness = top.duration("freshness", s.DEFAULT_FRESHNESS)
    hash_users, keep_excerpts = _privacy(top.table("privacy"))
    tiers = tuple(_each(top, "tier", _tier))
    _check_tiers(top, tiers)
    names = [t.name for t in tiers]
    notify, told = channels.notify(top.table("notify"))
    config = s.Config(
        owner=owner,
        timezone=timezone,
        freshness=freshness,
        hash_users=hash_users,
        keep_excerpts=keep_excerpts,
        tiers=tiers,
        slos=tuple(_each(top, "slo", lambda t: _slo(t, names))),
        switches=tuple(_each(top, "switch", _switch)),
        routes=tuple(_each(top, "route", lambda t: _route(t, names))),
        classes=tuple(_each(top, "class", lambda t: _class(t, names))),
        budgets=tuple(_each(top, "budget", _budget)),
        exclusions=tuple(x for x in _each(top, "exclude", _exclusion) if x),
        sources=_sources(top.table("source")),
        channels=told,
        notify=notify,
        path=str(path),
        sha256=sha256,
    )
    _unique(top, "slo", "name", [x.name for x in config.slos])
    _unique(top, "switch", "id", [x.id for x in config.switches])
    _unique(top, "route", "intent", [x.intent for x in config.routes])
    _unique(top, "class", "name", [x.name for x in config.classes])
    _unique(top, "budget", "tenant", [x.tenant for x in config.budgets])
    _check_reasons(top, config.switches)
    top.close()
    return config


def _each(top: Table, key: str, make: Callable[[Table], T]) -> list[T]:
    out = []
    for table in top.tables(key):
        out.append(make(table))
        table.close()
    return out


def _unique(top: Table, table: str, key: str, values: Sequence[str]) -> None:
    for i, value in enumerate(values):
        if value and value in values[:i]:
            top.fault(f"{table}[{i}].{key}", f"{value!r} stands in {table}[{values.index(value)}] already")


def _privacy(table: Table | None) -> tuple[bool, bool]:
    if table is None:
        return False, True
    hash_users = table.flag("hash_users")
    keep = table.flag("keep_excerpts", False)  # under [privacy] a broken line, which may hold a prompt, is not kept
    table.close()
    return hash_users, keep


def _tier(t: Table) -> s.Tier:
    tier = s.Tier(
        name=t.text("name", required=True),
        models=t.texts("models"),
        providers=t.texts("providers"),
        routes=t.texts("routes"),
        reasons=t.texts("reasons"),
        cached=t.flag("cached"),
        usd_reserved_per_day=float(t.number("usd_reserved_per_day", 0.0, low=0)),
    )
    if tier.name in BUILT_IN_TIERS:
        t.fault("name", f"{tier.name!r} is built in", "choose another name")
    return tier


def _check_tiers(top: Table, tiers: Sequence[s.Tier]) -> None:
    _unique(top, "tier", "name", [t.name for t in tiers])
    if sum(t.cached for t in tiers) > 1:
        top.fault("tier", "two tiers have cached = true", "a cached answer can belong to one tier only")
    for kind in ("models", "providers", "routes", "reasons"):
        seen: list[tuple[str, int]] = []
        for i, tier in enumerate(tiers):
            for glob in getattr(tier, kind):
                other = next((g for g, j in seen if j != i and overlap(g, glob)), None)
                if other is not None:
                    j = next(j for g, j in seen if g == other)
                    top.fault(
                        f"tier[{i}].{kind}",
                        f"{glob!r} overlaps {other!r} of tier {tiers[j].name!r}",
                        "a model can belong to one tier only; make one of the patterns narrower",
                    )
                seen.append((glob, i))


def overlap(a: str, b: str) -> bool:
    """Whether some text matches both patterns. Exact for `*` and `?`; a character class counts as `?`."""
    return _intersect(_simplify(a), _simplify(b))


def _simplify(glob: str) -> str:
    out, i = "", 0
    while i < len(glob):
        end = glob.find("]", i + 2) if glob[i] == "[" else -1
        out, i = (out + "?", end + 1) if end > 0 else (out + glob[i], i + 1)
    return out


def _intersect(a: str, b: str) -> bool:
    """Whether two patterns of literals, `*` and `?` share a text; dynamic programming over their suffixes."""
    below = [False] * (len(b) + 1)
    for i in range(len(a), -1, -1):
        row = [False] * (len(b) + 1)
        for j in range(len(b), -1, -1):
            if i == len(a) and j == len(b):
                row[j] = True
            elif i < len(a) and a[i] == "*":
                row[j] = below[j] or (j < len(b) and row[j + 1])
            elif j < len(b) and b[j] == "*":
                row[j] = row[j + 1] or (i < len(a) and below[j])
            elif i < len(a) and j < len(b) and (a[i] == b[j] or "?" in (a[i], b[j])):
                row[j] = below[j + 1]
        below = row
    return below[0]


def _known_tiers(t: Table, key: str, used: Sequence[str], names: Sequence[str]) -> None:
    for name in used:
        if names and name not in names and name not in BUILT_IN_TIERS:
            t.fault(key, f"{name!r} is not a tier", nearest(name, names))


def _slo(t: Table, names: Sequence[str]) -> s.Slo:
    where: dict[str, tuple[str, ...]] = {}
    if (filters := t.table("where")) is not None:
        where = {d: values for d in DIMENSIONS if (values := filters.texts(d))}
        filters.close()
    window, calendar = t.slo_window("window", s.DEFAULT_WINDOW)
    slo = s.Slo(
        name=t.text("name", required=True),
        target=t.exact("target", s.DEFAULT_TARGET, low=0, high=1),
        window=window,
        calendar=calendar,
        good=t.texts("good"),
        where=where,
        owner=t.text("owner"),
        alerts=tuple(_each(t, "alert", _alert)),
        min_bad=t.number("min_bad", s.MIN_BAD_EVENTS, low=1, whole=True),
        runbook=t.text("runbook"),
    )
    _known_tiers(t, "good", slo.good, names)
    for i, row in enumerate(slo.alerts):
        if row.long > slo.window:
            t.fault(f"alert[{i}].long", "is longer than the window of the SLO")
        if (message := infeasible(row.factor, slo.target)) is not None:
            t.fault(f"alert[{i}].factor", *message)
    if not slo.alerts:
        worst = next(
            (m for r in standard_rows(slo.window, slo.calendar) if (m := infeasible(r.factor, slo.target))), None
        )
        if worst is not None:
            t.fault("target", *worst)
    return slo


def _alert(t: Table) -> s.AlertSetting:
    severities = get_args(Severity)
    severity = t.text("severity", "page", required=True, one_of=severities)
    factor = t.exact("factor", Fraction(1), low=0, high=1e9, required=True)
    row = s.AlertSetting(
        severity="page" if severity == "page" else "ticket",
        factor=factor,
        long=t.duration("long", DAY, required=True),
        short=t.duration("short", 60, required=True),
    )
    for key, length in (("long", row.long), ("short", row.short)):
        if length % 60:
            t.fault(key, "must be whole minutes", "counts are kept by the minute")
    if row.short > row.long:
        t.fault("short", "is longer than the long window")
    return row


def _switch(t: Table) -> s.Switch:
    return s.Switch(
        id=t.text("id", required=True),
        kind=t.text("kind", "manual", required=True, one_of=s.SWITCH_KINDS),
        reasons=t.texts("reasons", required=True),
        owner=t.text("owner"),
        trip_condition=t.text("trip_condition"),
        alert_share=float(t.number("alert_share", 0.01, low=0, high=1)),
        last_reviewed=t.day("last_reviewed"),
        review_every=t.duration("review_every", 90 * DAY),
    )


def _check_reasons(top: Table, switches: Sequence[s.Switch]) -> None:
    owner: dict[str, str] = {}
    for i, switch in enumerate(switches):
        for reason in switch.reasons:
            if owner.setdefault(reason, switch.id) != switch.id:
                top.fault(
                    f"switch[{i}].reasons",
                    f"{reason!r} belongs to switch {owner[reason]!r} already",
                    "a reason belongs to one switch",
                )


def _route(t: Table, names: Sequence[str]) -> s.Route:
    route = s.Route(
        intent=t.text("intent", required=True),
        primary=t.text("primary"),
        fallbacks=t.texts("fallbacks"),
        max_p95_ms=t.number("max_p95_ms", None, low=0),
        disable_tools_on_fallback=t.flag("disable_tools_on_fallback"),
        min_tool_success=t.number("min_tool_success", None, low=0, high=1),
        max_override_rate=t.number("max_override_rate", None, low=0, high=1),
        never_degrade=t.flag("never_degrade"),
    )
    _known_tiers(t, "primary", [route.primary] if route.primary else [], names)
    _known_tiers(t, "fallbacks", route.fallbacks, names)
    return route


def _class(t: Table, names: Sequence[str]) -> s.TrafficClass:
    made = s.TrafficClass(
        name=t.text("name", required=True, one_of=s.TRAFFIC_CLASSES),
        max_provider_failures=t.number("max_provider_failures", None, low=0, whole=True),
        allow=t.texts("allow"),
    )
    _known_tiers(t, "allow", made.allow, names)
    return made


def _budget(t: Table) -> s.TenantBudget:
    default = s.DEFAULT_BANDS
    bands = t.table("bands")
    values: tuple[float, ...] = default
    if bands is not None:
        steps = ("notice", "throttle", "degrade", "stop")
        values = tuple(float(bands.number(k, v, low=0, high=10)) for k, v in zip(steps, default, strict=True))
        bands.close()
        if list(values) != sorted(values):
            t.fault("bands", "must rise from notice to stop")
    return s.TenantBudget(
        tenant=t.text("tenant", required=True),
        usd_per_month=float(t.number("usd_per_month", 0.0, low=0, required=True)),
        bands=values,
    )


def _exclusion(t: Table) -> s.Exclusion | None:
    start: datetime | None = t.minute("start")
    end: datetime | None = t.minute("end")
    reason = t.text("reason")
    if start is None or end is None:
        return None
    if end <= start:
        t.fault("end", "must be later than start")
        return None
    return s.Exclusion(Window(start, end), reason)


def _sources(table: Table | None) -> tuple[s.Source, ...]:
    if table is None:
        return ()
    out = []
    for name, body in table.items().items():
        t = Table(body, f"{table.where}.{name}", table.faults)
        match = t.text("match")
        fields: dict[str, str] = {}
        if (mapping := t.table("fields")) is None:
            t.fault("fields", "is required", 'write [source.NAME.fields] with ts = "path.to.time" below it')
        else:
            fields = {f: path for f in MAPPABLE_FIELDS if (path := mapping.text(f))}
            mapping.close()
            if "ts" not in fields:
                mapping.fault("ts", "is required")
            if not {"tier", "served_model"} & set(fields):
                mapping.fault("served_model", "is required, or tier")
        t.close()
        out.append(s.Source(name, fields, match))
    return tuple(out)
