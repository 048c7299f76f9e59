"""The gate as JUnit XML, which GitHub's reporters, GitLab and Jenkins read: a suite a kind, a test case a check."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as Xml

from tiermix.render import words
from tiermix.render.safe import printable
from tiermix.timewin import rfc3339
from tiermix.verdicts import CheckResult, Gate

# What XML 1.0 can carry (its section 2.2); `printable` has escaped the control characters among the rest already.
_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check(gate: Gate) -> str:
    """A breach is a failure, stale or missing data an error (a skip where it is allowed): none of them passes."""
    tally = _tally(gate, gate.results)
    del tally["skipped"]  # Jenkins' schema knows it for a suite only
    root = Xml.Element("testsuites", {"name": "tiermix check", **tally})
    for kind, results in groupby(gate.results, key=lambda r: r.kind):
        listed = list(results)
        moment = rfc3339(gate.frame.as_of).partition(".")[0].rstrip("Z")  # Jenkins wants no zone and no fraction
        suite = Xml.SubElement(root, "testsuite", {"name": _text(kind), "timestamp": moment, **_tally(gate, listed)})
        for r in listed:
            _case(gate, suite, r)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _tally(gate: Gate, results: Sequence[CheckResult]) -> dict[str, str]:
    failed = sum(r.state == "breached" for r in results)
    errors = sum(gate.fails(r) for r in results) - failed
    skipped = sum(r.state != "ok" and not gate.fails(r) for r in results)
    counts = {"tests": len(results), "failures": failed, "errors": errors, "skipped": skipped}
    return {k: str(n) for k, n in counts.items()} | {"time": "0"}


def _case(gate: Gate, suite: Xml.Element, r: CheckResult) -> None:
    # Jenkins cuts a class name at its dots; GitLab shows it as the suite, and the text instead of the message.
    place = _text(f"tiermix.{r.kind}.{r.subject.replace('.', '_')}")
    case = Xml.SubElement(suite, "testcase", {"classname": place, "name": _text(r.name), "time": "0"})
    if r.state == "ok":
        return
    tag = "skipped" if not gate.fails(r) else "failure" if r.state == "breached" else "error"
    found = Xml.SubElement(case, tag, {"message": _text(r.sentence)} | ({} if tag == "skipped" else {"type": r.state}))
    lines = [f"{words.STATE_WORDS[r.state]} {words.check_name(r)}: {r.sentence}", *_more(r)]
    found.text = "\n".join(_text(line) for line in lines)


def _more(r: CheckResult) -> list[str]:
    pairs = [("owner", r.owner), ("runbook", r.runbook), ("next", r.look)]
    return [*(f"{k}: {v}" for k, v in pairs if v), f"evidence: {json.dumps(dict(r.evidence), allow_nan=False)}"]


def _text(text: str) -> str:
    return _FOREIGN.sub(lambda m: f"\\u{ord(m[0]):04x}", printable(text, 2000))
