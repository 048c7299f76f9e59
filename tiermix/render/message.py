"""What a channel is told, in words: a title and a body of plain text, for chat, mail and pagers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from tiermix.render.safe import printable
from tiermix.render.tables import many
from tiermix.verdicts import CheckResult, Message, urgency

_VERBS = {"worse": "worse: ", "reminder": "still: "}
_CALLS = re.compile(r"([@<])(?=[\w!#&@])")
_LIMIT = 300


def title(message: Message) -> str:
    """`[page] slo primary-share: target, page 1h/5m`, or `[resolved] slo primary-share`."""
    incident = message.incident
    name = f"{incident.kind} {incident.subject}"
    if message.action == "resolved":
        return _harmless(f"[resolved] {name}", 200)
    what = ", ".join(r.name for r in message.results if r.name != r.kind)
    return _harmless(f"[{message.severity}] {_VERBS.get(message.action, '')}{name}{': ' * bool(what)}{what}", 200)


def body(message: Message, as_of: datetime) -> str:
    """What was found, since when, who answers for it, and where to look."""
    found = [f"- {_found(r)}" for r in message.results]
    if message.action == "resolved" and not found:
        found = ["- it is no longer checked"]
    since = f"since {message.incident.started:%Y-%m-%d %H:%M} UTC; checked as of {as_of:%Y-%m-%d %H:%M} UTC"
    return "\n".join([*found, since, *_pointers(message.results, message.action == "resolved")])


def digest_title(messages: Sequence[Message]) -> str:
    """`[page] tiermix: 3 incidents, 1 resolved`."""
    going = [m for m in messages if m.action != "resolved"]
    cleared = len(messages) - len(going)
    if not going:
        return f"[resolved] tiermix: {many(cleared, 'incident')}"
    worst = max((m.severity for m in going), key=urgency)
    return f"[{worst}] tiermix: {many(len(going), 'incident')}{f', {cleared} resolved' if cleared else ''}"


def digest_body(messages: Sequence[Message], as_of: datetime) -> str:
    """Every message of a run below the other."""
    return "\n\n".join(f"{title(m)}\n{body(m, as_of)}" for m in messages)


def _found(result: CheckResult) -> str:
    return _harmless(f"{result.name}: {result.sentence}", _LIMIT)


def _pointers(results: Sequence[CheckResult], resolved: bool) -> list[str]:
    # An owner may be meant to call somebody, such as @llm-oncall: it is the team's own word, not one from a log.
    owners = dict.fromkeys(printable(r.owner, 80) for r in results if r.owner)
    lines = [f"owner: {', '.join(owners)}"] if owners else []
    if not resolved:
        lines += [f"runbook: {_harmless(b, _LIMIT)}" for b in dict.fromkeys(r.runbook for r in results if r.runbook)]
        lines += [f"next: {_harmless(c, _LIMIT)}" for c in dict.fromkeys(r.look for r in results if r.look)]
    return lines


def _harmless(text: str, limit: int) -> str:
    """`text` without what chats turn into a call to everybody: a name in a log must not ring a hundred phones."""
    return _CALLS.sub("\\1\u200b", printable(text, limit))
