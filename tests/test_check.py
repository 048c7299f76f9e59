"""The gate: every kind of check, its exit codes, and what cron, GitHub, GitLab and Jenkins read of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from tests.conftest import NOW, SMALL_CONFIG, Program, small_records, write_lines
from tiermix import checks, gate
from tiermix.errors import ExitCode
from tiermix.main import main
from tiermix.model import Frame
from tiermix.render import document, github, junit, text
from tiermix.timewin import Window
from tiermix.verdicts import CheckResult, Gate, State

QUIET = ("--as-of", "2026-11-13T00:00:00Z")  # a moment of the small store at which a lower promise is kept
EASY = '[[slo]]\nname = "easy"\ngood = ["primary", "secondary", "canned"]\ntarget = 0.94\n'
HARD = '[[slo]]\nname = "primary-share"\n'  # missed at the end of the small store, kept at QUIET
NOBODY = '[[slo]]\nname = "nobody"\nwhere = { intent = ["nobody"] }\n'
FRAME = Frame(
    datetime(2026, 11, 20, tzinfo=UTC),
    Window(datetime(2026, 11, 13, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
    "UTC",
)
HOSTILE = "a\x00b\x1b[31m\ud800<&\"'>]]>::error::x%0A,\n\u202e\ufffe\U0001f600"


def result(state: State, name: str = "target", **more: Any) -> CheckResult:
    return CheckResult(name, "shop", state, f"the finding of {name}", kind="slo", **more)


def configured(program: Program, more: str) -> Program:
    (program.folder / "tiermix.toml").write_text(SMALL_CONFIG + more)
    return program


def states(ran: Any) -> dict[tuple[str, str, str], str]:
    return {(c["kind"], c["subject"], c["name"]): c["state"] for c in ran.json["checks"]}


def test_it_works_on_a_fresh_store_without_any_configuration(tiermix: Program, small_log: Path) -> None:
    assert tiermix("ingest", small_log).code == 0
    ran = tiermix("check", "--json")
    assert ran.code == 1
    assert states(ran) == {
        ("drift", "primary-share", "drift"): "ok",
        ("freshness", "store", "freshness"): "ok",
        ("slo", "primary-share", "target"): "breached",
        ("slo", "primary-share", "page 1h/5m"): "ok",
        ("slo", "primary-share", "page 6h/30m"): "breached",
        ("slo", "primary-share", "ticket 1d/2h"): "breached",
        ("slo", "primary-share", "ticket 3d/6h"): "breached",
    }


def test_its_numbers_are_those_of_burn(small_store: Program) -> None:
    # Catches a check that asks for another window, moment or SLO than burn does.
    configured(small_store, EASY + '[[slo]]\nname = "refunds"\nwhere = { intent = ["refund"] }\nwindow = "28d"\n')
    burnt = {s["name"]: s for s in small_store("burn", "--json").json["slos"]}
    found = small_store("check", "--only", "slo", "--json").json["checks"]
    assert len(found) == sum(1 + len(s["alerts"]) for s in burnt.values())
    for c in found:
        slo = burnt[c["subject"]]
        if c["name"] == "target":
            assert (c["evidence"]["good"], c["evidence"]["total"]) == (slo["good"], slo["total"])
            assert c["state"] == ("ok" if slo["met"] else "breached")
            continue
        row = next(a for a in slo["alerts"] if c["name"] == f"{a['severity']} {a['long']}/{a['short']}")
        assert (c["state"] == "breached") == row["firing"]
        assert [c["evidence"][k] for k in ("long_bad", "long_total", "short_bad", "short_total")] == [
            row[k] for k in ("long_bad", "long_total", "short_bad", "short_total")
        ]


@pytest.mark.parametrize(
    ("found", "allowed", "code", "ok"),
    [
        (["ok"], False, 0, True),
        (["ok", "breached"], False, 1, False),
        (["ok", "no_data"], False, 3, False),
        (["ok", "no_data"], True, 0, True),
        (["ok", "stale"], False, 3, False),
        (["ok", "stale"], True, 3, False),  # stale is not the same as none: allowing the one does not allow the other
        (["no_data", "breached"], False, 1, False),  # a gap elsewhere must not hide a breach
        (["stale", "breached", "no_data"], True, 1, False),
    ],
)
def test_the_exit_code_is_1_for_a_breach_alone_and_3_for_what_cannot_be_told(
    found: list[State], allowed: bool, code: int, ok: bool
) -> None:
    made = Gate(FRAME, tuple(result(s, f"n{i}") for i, s in enumerate(found)), allowed)
    assert (made.exit_code, made.ok) == (code, ok)


def test_the_process_returns_those_codes(small_store: Program) -> None:
    assert small_store("check").code == 1
    configured(small_store, EASY)
    assert small_store("check", *QUIET).code == 0
    configured(small_store, EASY + NOBODY)
    ran = small_store("check", *QUIET)
    assert ran.code == 3
    assert "NO DATA   slo nobody, target: no requests in the last 7d" in ran.out
    assert small_store("check", *QUIET, "--allow-no-data").code == 0
    assert small_store("check", *QUIET, "--slo", "easy").code == 0
    assert small_store("check", "--slo", "nope").code == 2


def test_stale_data_fails_the_gate_though_every_promise_was_kept(tiermix: Program) -> None:
    lines = [{"ts": f"2026-11-18T{h:02d}:00:00Z", "request_id": f"r{h}", "tier": "primary"} for h in range(24)]
    write_lines(tiermix.folder / "log.jsonl", lines)
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("check", env={"TIERMIX_NOW": "2026-11-20T01:01:00Z"}).code == 0  # 26 h after the end of the data
    late = {"TIERMIX_NOW": "2026-11-20T01:01:01Z"}
    ran = tiermix("check", env=late)
    assert ran.code == 3
    assert "STALE     freshness store: the newest request is 1d2h old, more than 1d2h" in ran.out
    assert "next: tiermix status" in ran.out
    assert tiermix("check", "--only", "slo", env=late).code == 0
    # Asked for a moment of the past, the data is as old as it was then: there was a gap before, whatever came since.
    assert tiermix("check", "--as-of", "2026-11-20T01:00:00Z", env=late).code == 0
    write_lines(tiermix.folder / "log.jsonl", [{"ts": "2026-11-21T00:00:00Z", "request_id": "x", "tier": "primary"}])
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("check", "--as-of", "2026-11-20T20:00:00Z", "--only", "freshness", env=late).code == 3
    # What comes at or after the moment asked for is not there yet.
    for day in ("2026-11-21", "2026-11-17"):
        assert tiermix("check", "--as-of", day, "--only", "freshness", env=late).code == 3


def test_a_window_without_requests_is_no_data_once_it_is_longer_than_data_may_be_old(tiermix: Program) -> None:
    # Catches rows that are green for weeks after the log of one intent has stopped, and rows that fail quiet nights.
    start = datetime(2026, 11, 10, tzinfo=UTC)
    records = [
        {
            "ts": (start + timedelta(hours=h)).isoformat(),
            "request_id": f"r{h}",
            "tier": "primary",
            "intent": "refund" if h < 100 else "search",
        }
        for h in range(180)
    ]
    write_lines(tiermix.folder / "log.jsonl", records)
    assert tiermix("ingest", "log.jsonl").code == 0
    configured(tiermix, '[[slo]]\nname = "refunds"\nwhere = { intent = ["refund"] }\n')
    found = states(tiermix("check", "--json", "--as-of", (start + timedelta(hours=180)).isoformat()))
    assert found["slo", "refunds", "target"] == "ok"
    assert found["slo", "refunds", "ticket 1d/2h"] == "ok"
    assert found["slo", "refunds", "ticket 3d/6h"] == "no_data"


def test_a_made_up_kind_joins_everything_without_a_change_to_the_gate(
    small_store: Program, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # The rule: a module in the package whose name has no leading underscore. Catches a list of kinds kept by hand.
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "moon.py").write_text(
        "from tiermix.verdicts import CheckResult\n"
        "def check(desk):\n"
        "    said = f'full at {desk.as_of:%Y}'\n"
        "    yield CheckResult('phase', 'moon', 'breached', said, {'lit': 1.0}, 'tides', 'page')\n"
    )
    (folder / "_shared.py").write_text("def check(desk):\n    raise AssertionError('not a kind')\n")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(folder)])
    monkeypatch.chdir(small_store.folder)
    monkeypatch.setenv("TIERMIX_NOW", NOW)
    configured(small_store, EASY)
    assert gate.kinds() == ("drift", "freshness", "moon", "slo")
    assert main(["check", *QUIET, "--junit", "gate.xml"]) == 1
    shown = capsys.readouterr().out
    assert "BREACHED  moon moon, phase: full at 2026" in shown
    assert shown.splitlines()[-1] == "NOT OK: 8 checks as of 2026-11-13 00:00 UTC: 7 ok, 1 BREACHED"
    assert (
        Xml.parse(small_store.folder / "gate.xml").find(".//testcase[@classname='tiermix.moon.moon']/failure")
        is not None
    )
    assert main(["check", *QUIET, "--only", "moon", "--json"]) == 1
    listed = json.loads(capsys.readouterr().out)["checks"]
    assert [(c["kind"], c["owner"], c["severity"], c["evidence"]) for c in listed] == [
        ("moon", "tides", "page", {"lit": 1.0})
    ]  # fmt: skip


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest(small_store: Program) -> None:
    ran = small_store("check", "--only", "freshnes")
    assert ran.code == 2
    assert "did you mean 'freshness'?" in ran.err


def test_an_empty_store_and_no_store_are_3(tiermix: Program) -> None:
    assert tiermix("check").code == 3
    (tiermix.folder / "drill.jsonl").write_text('{"ts": 1795234279, "tier": "secondary", "drill": true}\n')
    assert tiermix("ingest", "drill.jsonl").code == 0
    ran = tiermix("check")
    assert ran.code == 3
    assert "the store holds no requests" in ran.err


def test_quiet_prints_only_what_is_not_ok(small_store: Program) -> None:
    configured(small_store, EASY)
    assert small_store("-q", "check", *QUIET).out == ""
    configured(small_store, EASY + NOBODY)
    out = small_store("-q", "check", *QUIET).out
    assert not re.search(r"^ok ", out, re.MULTILINE)
    assert out.count("NO DATA") == 6  # the target, its four rows, and the summary


def test_what_to_run_next_answers_for_the_same_store_and_moment(small_store: Program) -> None:
    moment = ("--as-of", "2026-11-19T12:00:00Z")
    look = small_store("check", "--db", f"{small_store.folder}/tiermix.duckdb", *moment, "--json").json["checks"][2][
        "next"
    ]
    ran = small_store(*look.split()[1:], "--json")
    assert ran.json["as_of"] == "2026-11-19T12:00:00Z"
    assert ran.json["slos"][0]["name"] == "primary-share"


# JUnit. Attributes and order of elements as Jenkins' own schema (junit-10.xsd) has them, a subset of what GitLab takes.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "disabled"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "classname", "time", "assertions", "status"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
}
CHILDREN: dict[str, set[str]] = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped"},
    "failure": set(),
    "error": set(),
    "skipped": set(),
}


def check_junit(xml: str) -> Xml.Element:
    root = Xml.fromstring(xml)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.keys()) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN[element.tag]
    for suite in (root, *root):
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))
        assert int(suite.attrib["errors"]) == len(list(suite.iter("error")))
        if suite.tag == "testsuite":
            assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped")))
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        for case in cases:
            assert case.attrib["name"]
            assert case.attrib["classname"]
            assert len(case) <= 1
    return root


def test_junit_counts_a_breach_as_failure_and_missing_data_as_error_unless_it_is_allowed(small_store: Program) -> None:
    configured(small_store, HARD + NOBODY)
    assert small_store("check", "--junit", "out/gate.xml").code == 1
    root = check_junit((small_store.folder / "out" / "gate.xml").read_text())
    assert (root.attrib["failures"], root.attrib["errors"]) != ("0", "0")
    assert small_store("check", *QUIET, "--junit", "gate.xml").code == 3
    root = check_junit((small_store.folder / "gate.xml").read_text())
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "5")
    assert small_store("check", *QUIET, "--allow-no-data", "--junit", "gate.xml").code == 0
    root = check_junit((small_store.folder / "gate.xml").read_text())
    assert (root.attrib["errors"], len(list(root.iter("skipped")))) == ("0", 5)


def hostile_gate() -> Gate:
    states: tuple[State, ...] = ("ok", "breached", "stale", "no_data")
    x = HOSTILE
    return Gate(
        FRAME, tuple(CheckResult(f"{x}{s}", x, s, x, {"x": x}, x, "page", x, x, kind="slo") for s in states)
    )  # fmt: skip


def test_hostile_names_stay_harmless_in_every_form() -> None:
    made = hostile_gate()
    xml = junit.check(made)
    xml.encode()  # a lone surrogate could not be written
    root = check_junit(xml)
    assert len(list(root.iter("testcase"))) == 4
    assert [f.attrib["message"].count("<&\"'>]]>") for f in root.iter("failure")] == [1]
    for line in github.check(made).splitlines():
        assert re.fullmatch(r"::(error|notice) title=[^:,]*::.*", line)
        assert "\x1b" not in line
    assert len(github.check(made).splitlines()) == 4
    shown = text.check(made, text.Style(80))
    assert "\x1b" not in shown
    assert "\x00" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    json.loads(document.dumps(document.check(made)))


def unescaped(value: str) -> str:
    """As the runner of GitHub Actions reads a property (ActionCommand.cs): the percent sign last."""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(code, char)
    return value


def test_annotations_come_back_as_they_were_written() -> None:
    made = Gate(FRAME, (result("breached", "50%, a: b", owner="x%0Ay", look="tiermix burn"), result("ok")))
    first, last = github.check(made).splitlines()
    found = re.fullmatch(r"::error title=([^:,]*)::(.*)", first)
    assert found
    assert unescaped(found[1]) == "BREACHED slo shop, 50%, a: b"
    assert unescaped(found[2]).splitlines() == [
        "the finding of 50%, a: b", "owner: x%0Ay", "next: tiermix burn",
    ]  # fmt: skip
    assert last.startswith("::notice title=tiermix check::NOT OK: 2 checks")


def test_annotations_put_breaches_first_and_allowed_gaps_as_warnings(small_store: Program) -> None:
    configured(small_store, HARD + NOBODY)
    lines = small_store("check", "--format", "github", "--allow-no-data").out.splitlines()
    kinds = [re.match(r"::(\w+)", line)[1] for line in lines]  # type: ignore[index]
    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)
    assert {k: kinds.count(k) for k in set(kinds)} == {"error": 4, "warning": 5, "notice": 1}
    assert small_store("check", "--format", "github", *QUIET).out.count("::error ") == 5


def test_the_sentences_say_why_a_row_is_quiet() -> None:
    # 2 bad of 3 at 97% burn at 22x in both windows, and one bad request alone never fires.
    from fractions import Fraction

    from tiermix.analysis.burn import judge
    from tiermix.model import AlertRow, Counts
    from tiermix.render.words import alert_sentence

    row = AlertRow("page", Fraction("13.44"), 3600, 300, Fraction(8, 100))
    target = Fraction(97, 100)
    assert alert_sentence(judge(row, Counts(1, 3), Counts(0, 1), target, 2)) == (
        "burning 22.22x over 1h (2 bad of 3) and 33.33x over 5m (1 bad of 1), both above 13.44x"
    )
    assert "too few bad requests to fire" in alert_sentence(judge(row, Counts(0, 1), Counts(0, 1), target, 2))
    assert alert_sentence(judge(row, Counts(3, 3), Counts(0, 0), target, 2)) == (
        "0.00x over 1h (0 bad of 3) and no requests in 5m; fires when both are above 13.44x"
    )


def test_every_result_of_every_kind_is_named_once_and_fit_for_a_line(small_store: Program) -> None:
    configured(small_store, EASY + NOBODY)
    found = small_store("check", "--json").json["checks"]
    assert len({(c["kind"], c["subject"], c["name"]) for c in found}) == len(found)
    for c in found:
        assert c["sentence"]
        assert not c["sentence"].endswith(".")
        assert "\n" not in c["sentence"]


def test_all_ways_out_are_codes_of_the_design() -> None:
    assert {Gate(FRAME, (result(s),)).exit_code for s in ("ok", "breached", "stale", "no_data")} <= set(ExitCode)


def test_it_asks_as_much_of_a_small_log_as_of_the_store(tiermix: Program) -> None:
    # One SLO of the whole day in one minute: rows shorter than the data still answer.
    write_lines(tiermix.folder / "log.jsonl", small_records()[-5:])
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("check").code in (0, 1)
