"""The configuration: every fault of a file in one go, each with key and cure."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.conftest import Program
from tiermix import config
from tiermix.config.load import overlap
from tiermix.errors import ConfigError


def load(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "tiermix.toml"
    path.write_text(text)
    return config.load(path)


def faults(tmp_path: Path, text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [(f.where.split(": ", 1)[-1], f.message, f.hint) for f in caught.value.faults]


DESIGN = """
owner = "llm-platform"
timezone = "UTC"
freshness = "26h"
[[tier]]
name = "primary"
models = ["gpt-5", "claude-opus-*"]
usd_reserved_per_day = 4200
[[tier]]
name = "secondary"
models = ["gpt-5-mini*", "gpt-4o-mini*"]
[[tier]]
name = "cache"
cached = true
[[tier]]
name = "canned"
providers = ["canned"]
[[slo]]
name = "primary-share"
good = ["primary"]
target = 0.97
window = "7d"
[[slo]]
name = "refunds"
where = { intent = ["refund-policy"] }
good = ["primary", "secondary"]
target = 0.99
window = "28d"
owner = "support-eng"
[[switch]]
id = "complexity-router"
kind = "complexity_router"
reasons = ["complexity_router", "low_complexity"]
owner = "search-quality"
trip_condition = "complexity score < 0.4"
alert_share = 0.05
last_reviewed = 2026-08-14
review_every = "90d"
[[route]]
intent = "refund-policy"
primary = "primary"
fallbacks = ["secondary", "canned"]
max_p95_ms = 3500
disable_tools_on_fallback = true
min_tool_success = 0.97
max_override_rate = 0.10
never_degrade = false
[[class]]
name = "batch"
max_provider_failures = 2
allow = ["primary", "secondary"]
[[budget]]
tenant = "acme"
usd_per_month = 2000
[[exclude]]
start = 2026-09-01T00:00:00Z
end = 2026-09-01T04:00:00Z
reason = "migration"
[source.mylogs]
match = "logs/mygw-*.jsonl"
[source.mylogs.fields]
ts = "time.epoch_ms"
served_model = "resp.model"
request_id = "trace"
"""


def test_the_example_of_the_design_is_read_whole(tmp_path: Path) -> None:
    made = load(tmp_path, DESIGN)
    assert [t.name for t in made.tiers] == ["primary", "secondary", "cache", "canned"]
    assert made.slos[0].target == Fraction(97, 100)  # exact, not the float nearest to it
    assert made.slos[1].where == {"intent": ("refund-policy",)}
    assert made.slos[1].window == 28 * 86400
    assert made.switches[0].last_reviewed is not None
    assert made.exclusions[0].window.seconds == 4 * 3600
    assert made.sources[0].fields["ts"] == "time.epoch_ms"


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        ('onwer = "x"', "onwer", "is not a known key", "did you mean 'owner'?"),
        ('timezone = "Mars/Base"', "timezone", "is not a time zone", "Europe/Berlin"),
        ('freshness = "soon"', "freshness", "is not a duration", "7d"),
        ("[[tier]]\nmodels = ['x']", "tier[0].name", "is required", ""),
        ("[[tier]]\nname = 'unknown'", "tier[0].name", "is built in", ""),
        ("[[tier]]\nname = 'a'\nmodels = 'x'", "tier[0].models", "must be a list of texts", '["one", "two"]'),
        ("[[tier]]\nname='a'\n[[tier]]\nname='a'", "tier[1].name", "stands in tier[0] already", ""),
        ("[[tier]]\nname='a'\ncached=true\n[[tier]]\nname='b'\ncached=true", "tier", "two tiers", "one tier only"),
        (
            "[[tier]]\nname='a'\nmodels=['gpt-5*']\n[[tier]]\nname='b'\nmodels=['gpt-5-mini']",
            "tier[1].models", "'gpt-5-mini' overlaps 'gpt-5*' of tier 'a'", "narrower",
        ),
        ("[[slo]]\nname='s'\ntarget=97", "slo[0].target", "must be between 0 and 1", ""),
        ("[[slo]]\nname='s'\ntarget=1.0", "slo[0].target", "both excluded", ""),
        ("[[slo]]\nname='s'\ntarget=0.9", "slo[0].target", "13.44 x 0.1 = 1.344 >= 1", "[[slo.alert]]"),
        ("[[slo]]\nname='s'\nwhere={intnet=['x']}", "slo[0].where.intnet", "is not a known key", "'intent'"),
        ("[[tier]]\nname='gold'\n[[slo]]\nname='s'\ngood=['glod']", "slo[0].good", "'glod' is not a tier", "'gold'"),
        ("[[slo]]\nname='s'\n[[slo]]\nname='s'", "slo[1].name", "stands in slo[0] already", ""),
        (
            "[[slo]]\nname='s'\ntarget=0.5\n[[slo.alert]]\nseverity='page'\nfactor=14.4\nlong='1h'\nshort='5m'",
            "slo[0].alert[0].factor", "can never be exceeded", "raise the target above 0.9306",
        ),
        (
            "[[slo]]\nname='s'\n[[slo.alert]]\nseverity='pager'\nfactor=2\nlong='1h'\nshort='5m'",
            "slo[0].alert[0].severity", "cannot be 'pager'", "'page'",
        ),
        (
            "[[slo]]\nname='s'\n[[slo.alert]]\nseverity='page'\nfactor=2\nlong='1h'\nshort='5h'",
            "slo[0].alert[0].short", "longer than the long window", "",
        ),
        ("[[switch]]\nid='a'\nkind='robot'\nreasons=['r']", "switch[0].kind", "cannot be 'robot'", "known here"),
        (
            "[[switch]]\nid='a'\nkind='manual'\nreasons=['r']\n[[switch]]\nid='b'\nkind='manual'\nreasons=['r']",
            "switch[1].reasons", "'r' belongs to switch 'a' already", "",
        ),
        ("[[exclude]]\nstart=2026-09-01T00:00:30Z\nend=2026-09-01T04:00:00Z", "exclude[0].start", "whole minute", ""),
        ("[[exclude]]\nstart=2026-09-02T00:00:00Z\nend=2026-09-01T00:00:00Z", "exclude[0].end", "later than start", ""),
        ("[source.x]\nmatch='*'", "source.x.fields", "is required", "[source.NAME.fields]"),
        ("[source.x.fields]\nserved_model='m'", "source.x.fields.ts", "is required", ""),
        ("[source.x.fields]\nts='t'\nmodell='m'\ntier='t'", "source.x.fields.modell", "is not a known key", ""),
        ("tier = 3", "tier", "must be a list of tables", "[[tier]]"),
        ("owner = 3", "owner", "must be text, not a number", ""),
    ],
)  # fmt: skip
def test_a_fault_names_its_key_and_the_cure(tmp_path: Path, text: str, where: str, message: str, hint: str) -> None:
    found = faults(tmp_path, text)
    assert any(w == where and message in m and hint in h for w, m, h in found), found


def test_all_faults_come_at_once_and_the_exit_code_is_2(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text('onwer = "x"\n[[slo]]\nname = "s"\ntarget = 97\n[[tier]]\n')
    ran = tiermix("config", "check")
    assert ran.code == 2
    assert ran.err.count("tiermix: error: ") == 3
    assert "tiermix.toml: onwer" in ran.err
    as_json = tiermix("config", "check", "--json")
    assert [f["where"].split(": ")[-1] for f in as_json.json["error"]["faults"]] == [
        "tier[0].name", "slo[0].target", "onwer",
    ]  # fmt: skip


def test_broken_toml_is_a_configuration_error(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text("owner = \n")
    ran = tiermix("mix")
    assert ran.code == 2
    assert "not valid TOML" in ran.err
    assert "line 1" in ran.err


def test_the_nearest_file_upward_is_found(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text('owner = "above"\n')
    below = tiermix.folder / "a" / "b"
    below.mkdir(parents=True)
    assert "owner = above" in Program(below)("config", "show").out
    assert "owner = none" in Program(below)("config", "show", "--config", "/dev/null").out


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("gpt-5", "gpt-5", True), ("gpt-5", "gpt-5-mini*", False), ("gpt-5*", "gpt-5-mini*", True),
        ("gpt-*", "*-mini", True), ("a*b", "a?b", True), ("a?c", "a?d", False), ("[ab]x", "bx", True),
        ("claude-opus-*", "claude-sonnet-*", False), ("*", "x", True), ("a*c", "b*c", False),
    ],
)  # fmt: skip
def test_overlap_of_patterns(a: str, b: str, meet: bool) -> None:
    assert overlap(a, b) is overlap(b, a) is meet
