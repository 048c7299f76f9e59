"""Strangers' text in every field that is shown, in every place where it is shown: it stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Program, small_records, write_lines
from tests.test_page import Opened, browser, check_clean

__all__ = ["browser"]  # a fixture

HOSTILE = {
    "escapes": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J",
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "formula": '=HYPERLINK("http://x","y")',
    "SQL": "'; DROP TABLE request_log; --",
    "right to left": "\u202egpj.exe\u2066\u2069",
    "annotation": "x\n::error::owned%0A]]>",
    "label": 'a"b\\c\n{{ $value }}',
    "table": "a | b\n# head [x](javascript:alert(1)) `c`",
    "long": "n" * (1 << 20),
}
NAMES = ("tenant", "user", "feature", "intent", "traffic_class", "tier", "intended_tier", "served_model",
         "requested_model", "provider", "reason", "error")  # fmt: skip
AS_OF = ("--as-of", "2026-11-19T12:00:00Z")
DAYS = (*AS_OF, "--days", "10")


@pytest.fixture(scope="module", params=HOSTILE)
def attacked(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, str]:
    """A store of which every field, file name and bad line is a stranger's."""
    text = HOSTILE[request.param]
    program = Program(tmp_path_factory.mktemp("hostile"))
    records: list[dict[str, Any]] = small_records(count=120)
    for n, record in enumerate(records):
        if n % 2:
            record |= dict.fromkeys(NAMES, text) | {"status": "ok"}
            tried = text[:5000]
            record |= {"attempts": [{"provider": tried, "model": tried, "error": tried}] * 2, "prompt_version": tried}
        if n % 10 == 1:
            record |= {"request_id": f"{n}{text}"}
    name = re.sub("[/\x00]", "", text)[:60] + ".jsonl"
    lines = write_lines(program.folder / name, records)
    lines.write_text(lines.read_text() + f'{{"ts": "{text[:3000]}\n', encoding="utf-8")
    ran = program("ingest", name, "--max-bad", "1")
    assert ran.code == 0, ran.err
    harmless(ran.out + ran.err)
    return program, text


def harmless(shown: str) -> None:
    """Checks that text holds nothing that a terminal obeys or that turns a line around, and no name at full length."""
    odd = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\n"}
    assert not odd, odd
    assert max(map(len, shown.splitlines()), default=0) < 100_000


def test_the_terminal_obeys_nobody(attacked: tuple[Program, str]) -> None:
    program, _ = attacked
    for words in (
        ["mix", *DAYS], *(["mix", "--by", d, *DAYS] for d in ("tenant", "intent", "reason", "feature")),
        ["mix", "--format", "markdown", *DAYS], ["burn", *AS_OF], ["check", *AS_OF], ["status"],
        ["burn", "--explain", *AS_OF],
    ):  # fmt: skip
        ran = program(*words)
        assert ran.code in (0, 1, 3), (words, ran.err)
        assert ran.out
        harmless(ran.out + ran.err)


def test_csv_holds_no_formula_and_the_same_table(attacked: tuple[Program, str]) -> None:
    program, _ = attacked
    mixes = (("mix", "--by", dim, *DAYS) for dim in ("tenant", "reason"))
    for words in (*mixes, ("explain", *AS_OF), ("explain", "--each-week", *AS_OF), ("status",)):
        ran = program(*words, "--format", "csv")
        assert ran.code == 0, ran.err
        harmless(ran.out)
        rows = list(csv.reader(io.StringIO(ran.out)))
        assert len({len(r) for r in rows}) == 1
        assert not [f for r in rows for f in r if f.lstrip().startswith(("=", "+", "@", "\t", "\r"))]


def test_json_gives_the_names_as_they_are(attacked: tuple[Program, str]) -> None:
    program, text = attacked
    groups = program("mix", "--by", "tenant", "--json", *DAYS).json["groups"]
    assert text[:256] in {g["key"]["tenant"] for g in groups}


def test_prometheus_reads_what_is_exported(attacked: tuple[Program, str]) -> None:
    program, _ = attacked
    ran = program("export", "openmetrics", *AS_OF)
    assert ran.code == 0, ran.err
    families = list(text_string_to_metric_families(ran.out.replace("# EOF\n", "")))
    assert any(f.samples for f in families)
    assert all(re.match(r"#|tiermix_", line) for line in ran.out.splitlines())


def test_annotations_and_junit_stay_one_message_each(attacked: tuple[Program, str]) -> None:
    program, text = attacked
    (program.folder / "tiermix.toml").write_text(
        f"[[slo]]\nname = {json.dumps(text[:200])}\nowner = {json.dumps(text[:200])}\ntarget = 0.99\n"
    )
    ran = program("check", *AS_OF, "--format", "github")
    (program.folder / "tiermix.toml").unlink()
    assert ran.code in (0, 1, 2, 3)
    assert "\n::error::owned" not in ran.out
    ran = program("check", *AS_OF, "--junit", "out.xml")
    assert ran.code in (0, 1, 3), ran.err
    assert ElementTree.parse(program.folder / "out.xml").getroot().tag == "testsuites"


@pytest.mark.chromium
def test_the_page_runs_nothing_but_its_own_script(attacked: tuple[Program, str], browser: Any) -> None:
    program, _ = attacked
    assert program("report", *AS_OF, "--days", "30", "-o", "r.html").code == 0
    page = (program.folder / "r.html").read_text()
    assert len(page.encode()) < 3 << 20
    opened = Opened(browser, program.folder / "r.html")
    check_clean(opened)
    assert opened.page.eval_on_selector_all("main img, svg img, main script", "all => all.length") == 0
    handlers = "all => all.filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"
    assert opened.page.eval_on_selector_all("*", handlers) == 0
    policy = opened.page.get_attribute("meta[http-equiv]", "content")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    harmless(opened.page.inner_text("main").replace("\t", " ").replace("\u00a0", " "))


def test_an_id_in_the_place_of_the_tier_is_refused_and_not_worked_on_for_ever(tiermix: Program) -> None:
    # Catches answers of hundreds of megabytes; what is declared is all that there is.
    rows = [{"ts": "2026-11-18T10:00:00Z", "request_id": f"r{n}", "tier": f"t{n:05}"} for n in range(20_000)]
    write_lines(tiermix.folder / "log.jsonl", rows)
    for ran in (tiermix("mix", "log.jsonl", "--by", "tier", "--json"), tiermix("mix", "log.jsonl")):
        assert ran.code == 3
        assert "20,002 tiers" in ran.out + ran.err
    (tiermix.folder / "tiermix.toml").write_text('[[tier]]\nname = "t00001"\nmodels = ["gpt-5"]\n')
    days = tiermix("mix", "log.jsonl", "--json").json["days"]
    assert sum(d["total"] for d in days) == 20_000
