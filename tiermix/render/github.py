"""The gate as GitHub annotations: one workflow command a check that is not ok, and a notice with the summary."""

from __future__ import annotations

from tiermix.render import words
from tiermix.render.safe import printable
from tiermix.verdicts import CheckResult, Gate

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def command(name: str, title: str, message: str) -> str:
    """A workflow command, escaped as the runner unescapes it: nothing in a name can begin another."""
    return f"::{name} title={printable(title, 200).translate(_PROPERTY)}::{message.translate(_DATA)}\n"


def check(gate: Gate) -> str:
    """Breaches first, since GitHub shows ten annotations of a kind a step; then what has no data, then the summary."""
    bad = sorted((r for r in gate.results if r.state != "ok"), key=lambda r: (r.state != "breached", not gate.fails(r)))
    return "".join(_line(gate, r) for r in bad) + command("notice", "tiermix check", words.gate_summary(gate))


def _line(gate: Gate, r: CheckResult) -> str:
    title = f"{words.STATE_WORDS[r.state]} {words.check_name(r)}"
    said = [("owner", r.owner), ("runbook", r.runbook), ("next", r.look)]
    lines = [r.sentence, *(f"{k}: {v}" for k, v in said if v)]
    message = "\n".join(printable(line, 400) for line in lines)
    return command("error" if gate.fails(r) else "warning", title, message)
