"""Reads who is told: `[notify]` and its channels. A secret written here by mistake is refused and never repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlsplit

from tiermix.config import settings as s
from tiermix.config.reader import Table
from tiermix.model import Severity

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OWN_LABELS = ("alertname", "kind", "subject", "slo", "severity", "owner")


def notify(table: Table | None) -> tuple[s.Notify, tuple[s.Channel, ...]]:
    """How channels are told, and the channels."""
    default = s.Notify()
    if table is None:
        return default, ()
    how = s.Notify(
        remind_every=table.duration("remind_every", default.remind_every),
        timeout=table.duration("timeout", default.timeout),
        retries=table.number("retries", default.retries, low=0, high=10, whole=True),
    )
    if not 1 <= how.timeout <= 120:
        table.fault("timeout", "must lie between 1s and 2m")
    channels = []
    for t in table.tables("channel"):
        channels.append(_channel(t))
        t.close()
    names = [c.name for c in channels]
    for i, name in enumerate(names):
        if name and name in names[:i]:
            table.fault(f"channel[{i}].name", f"{name!r} stands in channel[{names.index(name)}] already")
    table.close()
    return how, tuple(channels)


def _channel(t: Table) -> s.Channel:
    kind = t.text("kind", "apprise", one_of=get_args(s.ChannelKind))
    alertmanager = kind == "alertmanager"
    severity = t.text("min_severity", "ticket", one_of=get_args(Severity))
    made = s.Channel(
        name=t.text("name", required=True),
        kind="alertmanager" if alertmanager else "apprise",
        url_env=_variable(t, "url_env"),
        url=t.text("url"),
        token_env=_variable(t, "token_env") if alertmanager else "",
        min_severity="page" if severity == "page" else "ticket",
        digest=not alertmanager and t.flag("digest"),
        hold=t.duration("hold", s.DEFAULT_HOLD) if alertmanager else s.DEFAULT_HOLD,
        labels=_labels(t) if alertmanager else {},
    )
    if made.url and not alertmanager:
        t.fault("url", "is a secret for this kind of channel", _hint_of(made.name))
    elif made.url and made.url_env:
        t.fault("url", "and url_env exclude each other")
    elif made.url:
        _check_url(t, made.url)
    elif not made.url_env:
        t.fault("url_env", "is required", _hint_of(made.name))
    return made


def _hint_of(name: str) -> str:
    word = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "NAME"
    return f'write url_env = "TIERMIX_NOTIFY_{word}" and put the address into that environment variable'


def _variable(t: Table, key: str) -> str:
    name = t.text(key)
    if name and not _VARIABLE.fullmatch(name):
        t.fault(
            key, "must be the name of an environment variable, not the secret itself", 'such as "TIERMIX_NOTIFY_CHAT"'
        )
        return ""
    return name


def _check_url(t: Table, url: str) -> None:
    """An address in the file is printed by `config show`: it may hold nothing that could be a secret."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
        parts = urlsplit("")
    if "@" in url or parts.query or parts.fragment:
        t.fault(
            "url", "must hold no user, password or query", "put the whole address into a variable: url_env, token_env"
        )
    elif not fits:
        t.fault("url", "must be an address that begins with http:// or https://", 'such as "http://127.0.0.1:9093"')


def _labels(t: Table) -> Mapping[str, str]:
    table = t.table("labels")
    if table is None:
        return {}
    out = {}
    for name, value in table.items().items():
        if not _LABEL.fullmatch(name) or name in _OWN_LABELS:
            table.fault(
                name,
                "cannot be the name of a label here",
                f"not one of {', '.join(_OWN_LABELS)}; letters, digits and _",
            )
        elif not isinstance(value, str) or not value:
            table.fault(name, "must be text")
        else:
            out[name] = value
    return out
