"""What other systems are told, checked by those systems: promtool, Prometheus, node_exporter, strict parsers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as read_textfile

from tests.conftest import HERE, ROOT, SMALL_CONFIG, Program, small_records, write_lines
from tests.prometheus import node_exporter, prometheus, promtool
from tests.recount import Log
from tiermix.config import Config
from tiermix.config.settings import AlertSetting, Slo
from tiermix.render.export import families, names, openslo, promql
from tiermix.snapshot import definitions
from tiermix.tiers import tiering
from tiermix.timewin import DAY, HOUR, MINUTE

AS_OF = ("--as-of", "2026-11-19T12:00:00Z")
Labels = frozenset[tuple[str, str]]
read_openmetrics: Any = openmetrics_parser.text_string_to_metric_families


def samples(text: str, reader: Any = read_textfile) -> dict[tuple[str, Labels], float]:
    """Every sample by name and labels; a reader fails on a text that is not of its format."""
    out: dict[tuple[str, Labels], float] = {}
    for family in reader(text):
        for s in family.samples:
            key = (s.name, frozenset(s.labels.items()))
            assert key not in out, f"{key} stands there twice"
            out[key] = s.value
    return out


def samples_over_time(text: str) -> dict[tuple[str, Labels], list[tuple[float, float]]]:
    """Every series of a strict OpenMetrics text as (seconds since 1970, value), in order; 0 without a time."""
    out: dict[tuple[str, Labels], list[tuple[float, float]]] = {}
    for family in read_openmetrics(text):
        for s in family.samples:
            out.setdefault((s.name, frozenset(s.labels.items())), []).append((float(s.timestamp or 0), s.value))
    return out


def labelled(found: Mapping[tuple[str, Labels], float], metric: names.Metric, label: str) -> dict[str, float]:
    """The samples of a metric by one of its labels, added up over the others."""
    out: dict[str, float] = {}
    for (name, labels), value in found.items():
        if name == metric.name:
            key = dict(labels)[label]
            out[key] = out.get(key, 0) + value
    return out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The small store, made once for the tests that only read it."""
    program = Program(tmp_path_factory.mktemp("small"))
    (program.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    assert program("ingest", write_lines(program.folder / "small.jsonl", small_records())).code == 0
    return program


# --- metrics ---


def test_the_metrics_pass_promtool_and_are_the_numbers_of_the_commands(store: Program) -> None:
    text = store("export", "openmetrics", *AS_OF).out
    linted = promtool("check", "metrics", stdin=text)
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")
    found = samples(text)
    burn = store("burn", *AS_OF, "--json").json["slos"][0]
    slo = frozenset({("slo", "primary-share")})
    assert found[names.SLO_SLI.name, slo] == burn["sli"]
    assert found[names.SLO_BUDGET.name, slo] == burn["error_budget_remaining"]
    assert found[names.SLO_TARGET.name, slo] == 0.97
    burns = labelled(found, names.SLO_BURN, "window")
    for row in burn["alerts"]:
        assert (burns[row["long"]], burns[row["short"]]) == (row["long_burn"], row["short_burn"])
        key = {"severity": row["severity"], "long": row["long"], "short": row["short"], "factor": f"{row['factor']:g}"}
        assert found[names.SLO_FIRING.name, slo | frozenset(key.items())] == row["firing"]
    assert {row["firing"] for row in burn["alerts"]} == {True, False}
    shares = store("mix", "--since", "2026-11-18T12:00:00Z", *AS_OF, "--json").json["totals"]["shares"]
    day = {dict(k)["tier"]: v for (n, k), v in found.items() if n == names.TIER_SHARE.name and ("window", "1d") in k}
    assert day == shares
    trust = store("status", "--json").json["trust"]
    assert sum(labelled(found, names.INGEST_LINES, "outcome").values()) == trust["lines"]


def test_every_metric_is_exported_and_documented(store: Program) -> None:
    text = store("export", "openmetrics").out
    only_of_a_drift = {names.DRIFT_EVIDENCE.name, names.DRIFT_SPEED.name, names.DRIFT_ONSET.name, names.DRIFT_LEFT.name}
    known = {m.name for m in names.ALL}
    assert (
        set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) == known - only_of_a_drift
    )  # tests/test_drift.py has one
    page = (ROOT / "docs" / "export.md").read_text()
    documented = re.findall(r"^\| `(tiermix[_:]\S+)` \|", page, re.MULTILINE)
    assert [n for n in documented if ":" not in n] == [m.name for m in names.ALL]
    assert [n for n in documented if ":" in n] == list(names.RECORDS)
    assert set(names.ALERTS) == set(re.findall(r"^\| `(Tiermix\w+)` \|", page, re.MULTILINE))


def test_openmetrics_is_strict_where_the_textfile_format_differs(store: Program) -> None:
    strict = store("export", "openmetrics", "--format", "openmetrics").out
    plain = store("export", "openmetrics").out
    assert strict.endswith("# EOF\n")
    assert "# EOF" not in plain
    assert samples(strict, read_openmetrics) == samples(plain)


def test_node_exporter_reads_the_textfile_format_and_not_the_strict_one(store: Program, tmp_path: Path) -> None:
    # The reason for two formats. Catches # TYPE lines without _total in the textfile format, and timestamps.
    folder = tmp_path / "textfile"
    folder.mkdir()
    assert store("export", "openmetrics", "--out", folder / "plain.prom").code == 0
    exposed = node_exporter(folder, tmp_path / "node_exporter.log")
    assert "node_textfile_scrape_error 0" in exposed
    assert f"# TYPE {names.SLO_BAD.name} counter" in exposed
    (folder / "plain.prom").unlink()
    store("export", "openmetrics", "--format", "openmetrics", "--out", folder / "strict.prom")
    assert f"# TYPE {names.SLO_BAD.name} untyped" in node_exporter(folder, tmp_path / "node_exporter.log")
    store("export", "openmetrics", "--history", "--days", "1", "--out", folder / "strict.prom")
    assert "node_textfile_scrape_error 1" in node_exporter(folder, tmp_path / "node_exporter.log")


HOSTILE = ['pri"mary', "back\\slash", "new\nline", "#", "{{ $value }}", "", "‮evil", "=1+1", "(other)", "ü" * 300]


@pytest.fixture
def hostile_store(tiermix: Program) -> Program:
    """Tiers and reasons that strangers named, more of them than may become labels, and an SLO to match."""
    rng = Random(3)
    records = small_records(count=300)
    for i, record in enumerate(records):
        record |= {"tier": (HOSTILE + [f"t{n}" for n in range(90)])[i % 100] or "x", "reason": rng.choice(HOSTILE)}
    lines = [json.dumps(r, ensure_ascii=False).encode() for r in records]
    lines.append(lines[0].replace(b'pri\\"mary', b"inv\xff\xfealid").replace(b"r00000", b"r99999"))
    (tiermix.folder / "hostile.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    name = json.dumps('q"uo\\te {{ "x" }} `tick` $(id)\nnext ')
    (tiermix.folder / "tiermix.toml").write_text(f"[[slo]]\nname = {name}\nowner = {name}\nrunbook = {name}\n")
    assert tiermix("ingest", "hostile.jsonl", "--max-bad", "1").code == 0
    return tiermix


def test_hostile_names_break_no_format_and_no_sum(hostile_store: Program) -> None:
    # Catches a missing escape, two values that become one label value, and a rest that is dropped instead of counted.
    text = hostile_store("export", "openmetrics").out
    assert promtool("check", "metrics", stdin=text).stderr == ""
    found = samples(text)
    total = hostile_store("mix", "--days", "3000", "--json").json["totals"]["total"]
    for metric in (names.REQUESTS, names.SLO_REQUESTS):
        assert sum(v for (n, _), v in found.items() if n == metric.name) == total
    for metric in (names.REQUESTS, names.REASON_REQUESTS):
        assert len(labelled(found, metric, metric.labels[0])) <= names.MOST_VALUES
    history = samples_over_time(hostile_store("export", "openmetrics", "--history", "--days", "1").out)
    last = {key: points[-1][1] for key, points in history.items()}
    assert last == {k: v for k, v in found.items() if k in last}
    assert labelled(last, names.REQUESTS, "tier") == labelled(found, names.REQUESTS, "tier")


def test_hostile_names_stay_text_in_rules_and_specifications(hostile_store: Program) -> None:
    # Catches labels and annotations that Prometheus would expand as templates, and text glued into YAML.
    folder = hostile_store.folder
    assert hostile_store("export", "prometheus-rules", "--out", "rules.yml").code == 0
    checked = promtool("check", "rules", folder / "rules.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    loaded = yaml.safe_load((folder / "rules.yml").read_text())
    alert = next(r for r in loaded["groups"][0]["rules"] if r.get("alert") == names.ALERT_BURN)
    assert alert["labels"]["owner"] == 'q"uo\\te {{ "{{" }} "x" }} `tick` $(id)\\u000anext '
    for kind in ("openslo", "sloth"):
        documents = list(yaml.safe_load_all(hostile_store("export", kind).out))
        assert documents
        if kind == "openslo":
            check_openslo(documents)


def test_labels_are_added_to_every_sample_and_checked(store: Program) -> None:
    found = samples(store("export", "openmetrics", "--label", "job=node", "--label", 'x=a"b').out)
    assert all({("job", "node"), ("x", 'a"b')} <= labels for _, labels in found)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("openmetrics", "--label", "slo=x"), "already"),
        (("openmetrics", "--label", "a-b=x"), "no label name"),
        (("openmetrics", "--label", "__x=x"), "no label name"),
        (("openmetrics", "--label", "x"), "not name=value"),
        (("openmetrics", "--format", "yaml"), "known: textfile, openmetrics"),
        (("openmetrics", "--days", "3"), "go with --history"),
        (("openmetrics", "--slo", "nope"), "known: primary-share"),
        (("openmetrics", "--where", "colour=red"), "is not a dimension"),
        (("prometheus-rules", "--target", "0.5"), "can never be exceeded"),
        (("openslo", "--window", "90s"), "not whole minutes"),
        (("sloth", "--windows", "--window", "1h"), "two page and two ticket rows, not 1 and 0"),
    ],
)
def test_what_cannot_be_exported_is_refused(store: Program, args: tuple[str, ...], says: str) -> None:
    ran = store("export", *args)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_a_refused_export_leaves_the_old_file_alone(small_store: Program) -> None:
    (small_store.folder / "m.prom").write_text("old")
    assert small_store("export", "openmetrics", "--out", "m.prom", "--as-of", "2020-01-01").code == 0
    (small_store.folder / "m.prom").write_text("old")
    assert small_store("export", "openmetrics", "--out", "m.prom", "--target", "0.5").code == 2
    assert (small_store.folder / "m.prom").read_text() == "old"
    assert [p.name for p in small_store.folder.iterdir() if p.name.startswith(".")] == []


def test_an_empty_store_has_no_metrics(tiermix: Program) -> None:
    (tiermix.folder / "empty.jsonl").write_text("")
    tiermix("ingest", "empty.jsonl")
    assert tiermix("export", "openmetrics").code == 3


def test_everything_but_metrics_needs_no_store_and_no_configuration(tiermix: Program) -> None:
    for kind in ("prometheus-rules", "openslo", "sloth", "grafana"):
        ran = tiermix("export", kind)
        assert (ran.code, ran.err) == (0, ""), kind
    assert "served by primary." in tiermix("export", "openslo").out


def test_the_primary_tier_of_undeclared_tiers_comes_from_the_logs(tiermix: Program) -> None:
    write_lines(tiermix.folder / "a.jsonl", [{"ts": "2026-11-19T00:00:00Z", "tier": "gold", "intended_tier": "gold"}])
    tiermix("ingest", "a.jsonl")
    assert "served by gold." in tiermix("export", "prometheus-rules").out


# --- counters over time ---

DECLARED = {"gpt-5": "primary", "gpt-5-mini": "secondary"}
MAINTENANCE = (datetime(2026, 11, 12, 5, tzinfo=UTC), datetime(2026, 11, 12, 17, tzinfo=UTC))
FILTERED = (
    SMALL_CONFIG
    + """
[[exclude]]
start = 2026-11-12T05:00:00Z
end = 2026-11-12T17:00:00Z
[[slo]]
name = "all"
[[slo]]
name = "refunds"
good = ["primary", "secondary"]
where = { intent = ["refund"], tenant = ["acme", "globex"] }
"""
)


@pytest.mark.parametrize("where", [{}, {"traffic_class": "critical"}], ids=["all", "filtered"])
def test_a_counter_stands_at_the_requests_before_its_minute(tiermix: Program, where: dict[str, str]) -> None:
    # Counted again from the raw lines. Catches a closed window, drills, maintenance, a base that starts at the window.
    records = small_records(seed=11)
    (tiermix.folder / "tiermix.toml").write_text(FILTERED)
    tiermix("ingest", write_lines(tiermix.folder / "a.jsonl", records))
    words = ["--as-of=2026-11-13T06:00:30Z", *(f"--where={k}={v}" for k, v in where.items())]
    history = tiermix("export", "openmetrics", "--history", "--since", "2026-11-11T23:30:30Z", *words).out
    read = {(name, next(iter(labels))[1]): points for (name, labels), points in samples_over_time(history).items()}
    truth = Log(records, DECLARED, [MAINTENANCE])
    beginning = datetime(2026, 1, 1, tzinfo=UTC)
    minutes = [t for t, _ in read[names.SLO_BAD.name, "all"]]
    assert minutes[0] == datetime(2026, 11, 11, 23, 31, tzinfo=UTC).timestamp()
    assert minutes == [minutes[0] + 60 * i for i in range(len(minutes))]
    for i in [0, len(minutes) - 1, *Random(1).sample(range(len(minutes)), 40)]:
        rows = truth.between(beginning, datetime.fromtimestamp(minutes[i], UTC), **where)
        tiers = Counter(tier for _, tier, _ in rows)
        refunds = Counter(tier for _, tier, record in rows if record.get("intent") == "refund")
        for tier in ("primary", "secondary", "canned", "unserved", "unknown"):
            assert read[names.REQUESTS.name, tier][i][1] == tiers[tier]
        assert read[names.SLO_BAD.name, "all"][i][1] == len(rows) - tiers["primary"]
        assert read[names.SLO_REQUESTS.name, "refunds"][i][1] == refunds.total()
        assert read[names.SLO_BAD.name, "refunds"][i][1] == refunds.total() - refunds["primary"] - refunds["secondary"]
    now = samples(tiermix("export", "openmetrics", *words).out)
    for (name, value), points in read.items():
        assert (
            now[name, frozenset({(names.TIER if name == names.REQUESTS.name else names.SLO, value)})] == points[-1][1]
        )


def test_a_history_from_the_beginning_starts_at_nought(store: Program) -> None:
    # Catches a first reading after the first requests: Prometheus would never see them.
    history = store("export", "openmetrics", "--history", "--as-of", "2026-11-11").out
    first = [points[0] for points in samples_over_time(history).values()]
    assert first == [(datetime(2026, 11, 10, 3, tzinfo=UTC).timestamp(), 0)] * 7


# --- rules ---


def test_the_rules_pass_promtool(small_store: Program) -> None:
    rules = small_store.folder / "rules.yml"
    (small_store.folder / "tiermix.toml").write_text(WEEK_CONFIG)
    assert small_store("export", "prometheus-rules", "--out", rules).code == 0
    checked = promtool("check", "rules", rules)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SUCCESS" in checked.stdout  # without a warning of rules that look like duplicates


def test_the_rules_of_the_documentation_are_rules(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "export.md").read_text(), re.DOTALL)
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "docs", "rules": yaml.safe_load(block)}]}))
    checked = promtool("check", "rules", rules)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert set(re.findall(r"tiermix_\w+", block)) <= {m.name for m in names.ALL}


def growing(per_minute: Iterable[int], start: int = 0) -> str:
    """promtool's values of a counter that is read each minute and grows by these numbers."""
    values = [start]
    for n in per_minute:
        values.append(values[-1] + n)
    return " ".join(map(str, values))


def unit_test(name: str, total: str, bad: str, at: int, firing: Sequence[str], **more: Any) -> dict[str, Any]:
    """A promtool test: after `at` minutes exactly these alerts of the default SLO fire, named by their long window."""
    rows = {"1h": ("page", "5m", "13.44"), "6h": ("page", "30m", "3.5"), "1d": ("ticket", "2h", "1.4")}
    rows["3d"] = ("ticket", "6h", "1")
    expected = [
        f'ALERTS{{alertname="{names.ALERT_BURN}", alertstate="firing", slo="primary-share", long="{long}", '
        f'severity="{rows[long][0]}", short="{rows[long][1]}", factor="{rows[long][2]}", owner="platform"}}'
        for long in firing
    ]
    test = {
        "expr": f'ALERTS{{alertname="{names.ALERT_BURN}"}}',
        "eval_time": f"{at}m",
        "exp_samples": [{"labels": labels, "value": 1} for labels in expected],
    }
    series = ((names.SLO_REQUESTS, total), (names.SLO_BAD, bad))
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": f'{m.name}{{slo="primary-share"}}', "values": v} for m, v in series if v],
        "promql_expr_test": [test, *more.pop("promql", [])],
    } | more


ROWS = ["1h", "6h", "1d", "3d"]
QUIET: list[str] = []


def unit_tests() -> list[dict[str, Any]]:
    hour = [625] * 60
    below = unit_test(
        "a month of good service is quiet", growing([100] * 120), growing([2] * 120), 120, QUIET,
        promql=[
            {
                "expr": f'{names.RECORD_BUDGET}{{slo="primary-share"}}',
                "eval_time": "120m",
                "exp_samples": [{"labels": f'{names.RECORD_BUDGET}{{slo="primary-share"}}', "value": 1 - 0.02 / 0.03}],
            }
        ],
    )  # fmt: skip
    return [
        below,
        unit_test("one bad request above the threshold", growing(hour), growing([252] * 59 + [253]), 60, ROWS),
        # 252 of 625 is 13.44 x 0.03 exactly; as binary fractions the burn rate is 13.440000000000001 and fires.
        unit_test("the threshold itself is not above it", growing(hour), growing([252] * 60), 60, ROWS[1:]),
        unit_test(
            "the short window recovered, so the page ends while its long window still burns",
            growing([100] * 60), growing([90] * 55 + [0] * 5), 60, ROWS[1:],
        ),
        unit_test(
            "five bad minutes are no bad hour", growing([100] * 60), growing([0] * 55 + [90] * 5), 60, ["1d", "3d"]
        ),
        unit_test("one bad request at night is quiet", growing([0] * 30 + [2]), growing([0] * 30 + [1]), 31, QUIET),
        unit_test("two are not", growing([0] * 30 + [2]), growing([0] * 30 + [2]), 31, ROWS),
        unit_test(
            "no requests, no burn rate", growing([0] * 120), growing([0] * 120), 120, QUIET,
            promql=[{"expr": names.RECORD_BURN, "eval_time": "120m", "exp_samples": []}],
        ),
        unit_test(
            "a past before the first scrape is not a burn", growing([10] * 30, 9_000_000), growing([0] * 30, 8_000_000),
            30, QUIET,
        ),
        unit_test(
            "a bad request that turns out good is no restart", growing([10] * 60, 9_000_000),
            growing([0] * 58 + [-1, 0], 8_000_000), 60, QUIET,
        ),
        unit_test(
            "a pruned store is no incident", growing([10] * 30 + [-5_000_000] + [10] * 29, 9_000_000),
            growing([0] * 30 + [-4_000_000] + [0] * 29, 8_000_000), 60, QUIET,
        ),
        unit_test(
            "requests that were never scraped are missed", "", "", 20, QUIET,
            alert_rule_test=[
                {
                    "eval_time": "20m",
                    "alertname": names.ALERT_ABSENT,
                    "exp_alerts": [
                        {
                            "exp_labels": {"slo": "primary-share", "severity": "ticket", "owner": "platform"},
                            "exp_annotations": {
                                "summary": "nothing watches primary-share: its counters are not scraped",
                                "description": "tiermix export openmetrics has stopped, its file is not read, or the "
                                "SLO was renamed and these rules were not written anew.",
                            },
                        }
                    ],
                }
            ],
        ),
        unit_test(
            "what an on-call reads", growing([100] * 60), growing([60] * 60), 60, ROWS,
            alert_rule_test=[{"eval_time": "60m", "alertname": names.ALERT_BURN, "exp_alerts": ON_CALL}],
        ),
        {
            "name": "logs that are no longer ingested are said",
            "interval": "1m",
            "input_series": [{"series": names.NEWEST.name, "values": "-93500x5"}],  # seconds before the clock of a test
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{names.ALERT_STALE}"}}) or vector(0)',
                    "eval_time": f"{minutes}m",
                    "exp_samples": [{"labels": "{}", "value": n}],
                }
                for minutes, n in ((1, 0), (2, 1))
            ],
        },
    ]  # fmt: skip


ON_CALL = [
    {
        "exp_labels": {
            "slo": "primary-share", "severity": severity, "owner": "platform", "long": long, "short": short,
            "factor": factor,
        },
        "exp_annotations": {
            "summary": "primary-share burns its error budget 20 times as fast as it may",
            "description": "97% of all requests over 7d are served by primary. Over "
            f"{long} and over {short} more than {factor} times the bad requests that keep this promise; at that rate "
            f"{spent} of the budget of 7d is spent by the time of this alert.",
            "command": "tiermix burn --slo primary-share",
            "runbook_url": "https://wiki.example/runbooks/primary?x={{y}}",
        },
    }
    for severity, long, short, factor, spent in (
        ("page", "1h", "5m", "13.44", "8%"), ("page", "6h", "30m", "3.5", "12.5%"),
        ("ticket", "1d", "2h", "1.4", "20%"), ("ticket", "3d", "6h", "1", "42.9%"),
    )
]  # fmt: skip


def test_the_rules_fire_when_they_should_and_only_then(tiermix: Program) -> None:
    slo = (
        '[[slo]]\nname = "primary-share"\nowner = "platform"\nrunbook = "https://wiki.example/runbooks/primary?x={{y}}"'
    )
    (tiermix.folder / "tiermix.toml").write_text(f'owner = "platform"\n{slo}\n')
    assert tiermix("export", "prometheus-rules", "--out", "rules.yml").code == 0
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": unit_tests()}
    (tiermix.folder / "tests.yml").write_text(yaml.safe_dump(tests, width=10_000))
    ran = promtool("test", "rules", tiermix.folder / "tests.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- a week in a real Prometheus ---

START = datetime(2026, 11, 9, tzinfo=UTC)
WEEK_CONFIG = (
    SMALL_CONFIG
    + """
[[exclude]]
start = 2026-11-11T02:00:00Z
end = 2026-11-11T03:30:00Z
[[slo]]
name = "primary-share"
[[slo]]
name = "refunds"
good = ["primary", "secondary"]
target = 0.99
where = { intent = ["refund", "(none)"], traffic_class = ["critical"] }
owner = "support-eng"
[[slo]]
name = "never canned"
good = ["primary", "secondary", "unserved"]
target = 0.995
window = "3d"
min_bad = 7
[[slo.alert]]
severity = "page"
factor = 30
long = "45m"
short = "4m"
[[slo.alert]]
severity = "ticket"
factor = 2.5
long = "9h"
short = "50m"
"""
)


def a_week(seed: int = 5) -> list[dict[str, Any]]:
    """15,000 requests or so: a daily rhythm with silent hours, an hour of outage, a slide, a burst, drills."""
    rng = Random(seed)
    out: list[dict[str, Any]] = []
    for minute in range(7 * 1440):
        moment = START + timedelta(minutes=minute)
        if moment.hour < 4 or rng.random() < 0.15:
            continue
        since = minute / 1440
        lost, canned = 0.01 + max(0.0, since - 4) * 0.02, 0.1
        if 2.5 <= since < 2.5 + 1 / 24:
            lost, canned = 0.75, 0.4
        if 5.3 <= since < 5.33:
            lost, canned = 0.6, 0.9
        for _ in range(rng.randrange(1, 4)):
            out.append(_request(rng, moment, len(out), lost, canned))
    return out


def _request(rng: Random, minute: datetime, number: int, lost: float, canned: float) -> dict[str, Any]:
    ts = minute + timedelta(seconds=rng.choice([0.0, 59.999, rng.random() * 60]))
    intent = rng.choice(["refund", "search", None])
    record: dict[str, Any] = {
        "ts": ts.isoformat(timespec="milliseconds"), "request_id": f"w{number}", "traffic_class": "critical",
        "served_model": "gpt-5", "requested_model": "gpt-5", "drill": rng.random() < 0.01,
    }  # fmt: skip
    if intent:
        record["intent"] = intent
    if rng.random() < 0.2:
        record["traffic_class"] = "batch"
    if rng.random() < lost:
        kinds: list[dict[str, Any]] = [{"tier": "canned", "served_model": None}, {"served_model": "gpt-5-mini-2026"}]
        record |= kinds[rng.random() >= canned]
    return {k: v for k, v in record.items() if v is not None}


def fifty_instants() -> list[datetime]:
    """Minutes over the whole week, most of them where something begins or ends."""
    rng = Random(9)
    edges = [0.18, 2.5, 2.5 + 1 / 24, 5.3, 5.33, 6.9]
    minutes = {rng.randrange(1, 7 * 1440) for _ in range(14)}
    while len(minutes) < 50:
        minutes.add(min(7 * 1440, max(1, int(rng.choice(edges) * 1440) + rng.randrange(-20, 80))))
    return [START + timedelta(minutes=m) for m in sorted(minutes)]


def test_a_real_prometheus_finds_the_burn_and_the_firing_rows_of_tiermix(tmp_path: Path) -> None:
    # Catches increase() in place of differences, windows that are off by a minute, >= for >, a floor on traffic or on
    # the wrong window, `or` for `and`, filters, maintenance or drills that are lost on the way.
    program = Program(tmp_path, now="2026-11-16T06:00:00Z")
    (tmp_path / "tiermix.toml").write_text(WEEK_CONFIG)
    assert program("ingest", write_lines(tmp_path / "week.jsonl", a_week()), "--max-bad", "0").code == 0
    assert program("export", "openmetrics", "--history", "--out", "week.om").code == 0
    assert program("export", "prometheus-rules", "--out", "rules.yml").code == 0
    assert program("export", "sloth", "--slo", "refunds", "--out", "sloth.yml").code == 0
    made = promtool("tsdb", "create-blocks-from", "openmetrics", tmp_path / "week.om", tmp_path / "data")
    assert made.returncode == 0, made.stderr
    rules = yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"]
    sloth = yaml.safe_load((tmp_path / "sloth.yml").read_text())["slos"][0]["sli"]["events"]
    instants, fired = fifty_instants(), Counter[str]()
    with prometheus(tmp_path, tmp_path / "data", tmp_path / "rules.yml") as server:
        assert len(server.rules()) == sum(len(g["rules"]) for g in rules)
        assert all(rule["health"] != "err" for rule in server.rules())
        for when, answer in burns(tmp_path, instants):
            at = when.timestamp()
            for slo, group in zip(answer.slos, rules, strict=False):
                recorded, alerts = evaluated(server, group, at)
                for a in slo.alerts:
                    key = (a.row.severity, names.factor(a.row.factor))
                    assert alerts[key] == (pytest.approx(a.long_burn, abs=1e-6) if a.firing else None), (when, slo.name)
                    for window, rate in ((a.row.long, a.long_burn), (a.row.short, a.short_burn)):
                        assert recorded[window] == (None if rate is None else pytest.approx(rate, abs=1e-6)), when
                    fired[f"{slo.name} {a.row.long} {a.firing}"] += 1
                left = slo.budget.remaining
                assert recorded[None] == (None if left is None else pytest.approx(left, abs=1e-6))
            refunds = answer.slos[1]
            for query, count in (("error_query", refunds.counts.bad), ("total_query", refunds.counts.total)):
                assert (server.one(sloth[query].replace("{{.window}}", "7d"), at) or 0) == count
        check_dashboard(server, instants[-1].timestamp())
    # Every row was seen firing and silent, or the comparison proves little.
    rows = [f"{s} {n}" for s, ns in WEEK_ROWS.items() for n in ns]
    assert {row for row in rows if fired[f"{row} True"] and fired[f"{row} False"]} == set(rows)


WEEK_ROWS = {
    "primary-share": (HOUR, 6 * HOUR, DAY, 3 * DAY),
    "refunds": (HOUR, 6 * HOUR, DAY, 3 * DAY),
    "never canned": (45 * MINUTE, 9 * HOUR),
}


def burns(folder: Path, instants: Sequence[datetime]) -> Iterable[tuple[datetime, Any]]:
    """`tiermix burn --as-of` at every instant, in this process."""
    from tiermix import answers, config
    from tiermix.store import Store

    settings = config.load(folder / "tiermix.toml")
    with Store.read(folder / "tiermix.duckdb") as store:
        for when in instants:
            desk = answers.Desk(store, settings, when, when)
            yield when, answers.burn_even_if_empty(desk, answers.slos_of(settings))


def evaluated(server: Any, group: Mapping[str, Any], at: float) -> tuple[dict[int | None, Any], dict[Any, Any]]:
    """The exported expressions of an SLO at a moment: burn by window (None: the budget), alert value by row."""
    from tiermix.timewin import parse_duration

    recorded: dict[int | None, float | None] = {}
    alerts: dict[tuple[str, str], float | None] = {}
    for rule in group["rules"]:
        if rule.get("record") == names.RECORD_BURN:
            recorded[parse_duration(rule["labels"]["window"])] = server.one(rule["expr"], at)
        elif rule.get("record") == names.RECORD_BUDGET:
            recorded[None] = server.one(rule["expr"], at)
        elif rule.get("alert") == names.ALERT_BURN:
            alerts[rule["labels"]["severity"], rule["labels"]["factor"]] = server.one(rule["expr"], at)
    return recorded, alerts


# --- Grafana ---


def dashboard() -> Any:
    from tiermix.render.export import grafana

    return json.loads(grafana.text())


def check_dashboard(server: Any, at: float) -> None:
    """Every query of the dashboard is one that Prometheus takes, and those on backfilled counters show something."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__interval", "1h").replace("$slo", ".*")
            found = server.at(query, at)
            if "_total" in query and "ingest" not in query:
                assert found, panel["title"]


def test_the_dashboard_is_whole_and_its_panels_do_not_overlap() -> None:
    made = dashboard()
    assert made["uid"] == "tiermix-tier-mix"
    assert [v["name"] for v in made["templating"]["list"]] == ["datasource", "slo"]
    taken: set[tuple[int, int]] = set()
    for panel in made["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({p["id"] for p in made["panels"]}) == len(made["panels"])
    known = {m.name for m in names.ALL}
    for panel in made["panels"]:
        for target in panel["targets"]:
            used = set(re.findall(r"tiermix_\w+", target["expr"]))
            assert used, panel["title"]
            assert used <= known


# --- OpenSLO and sloth ---

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
ANNOTATION_KEY = re.compile(r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
SHORTHAND = re.compile(r"[1-9][0-9]*[mhdwMQY]")


def check_openslo(documents: Sequence[Any]) -> None:
    """The rules of OpenSLO v1 for the kinds that are exported: its specification and the checks of its go-sdk."""
    named: dict[str, set[str]] = {}
    for d in documents:
        assert set(d) == {"apiVersion", "kind", "metadata", "spec"}
        assert d["apiVersion"] == "openslo/v1"
        assert d["metadata"]["name"] not in named.setdefault(d["kind"], set())
        named[d["kind"]].add(d["metadata"]["name"])
        check_metadata(d["metadata"])
        assert len(d["spec"].get("description", "")) <= 1050
    for d in documents:
        spec = d["spec"]
        if d["kind"] == "SLO":
            assert spec["service"] in named["Service"]
            assert spec["budgetingMethod"] == "Occurrences"
            (window,) = spec["timeWindow"]
            assert set(window) == {"duration", "isRolling"} | ({"calendar"} if not window["isRolling"] else set())
            assert SHORTHAND.fullmatch(window["duration"])
            check_metadata(spec["indicator"]["metadata"])
            ratio = spec["indicator"]["spec"]["ratioMetric"]
            assert set(ratio) == {"counter", "bad", "total"}
            for side in ("bad", "total"):
                assert ratio[side]["metricSource"]["spec"]["query"]
            (objective,) = spec["objectives"]
            assert set(objective) == {"displayName", "target"}  # op and value are forbidden beside a ratioMetric
            assert 0 <= objective["target"] < 1
            assert {p["alertPolicyRef"] for p in spec["alertPolicies"]} <= named["AlertPolicy"]
        elif d["kind"] == "AlertPolicy":
            assert all(isinstance(spec[f"alertWhen{w}"], bool) for w in ("NoData", "Resolved", "Breaching"))
            (condition,) = spec["conditions"]
            assert condition["conditionRef"] in named["AlertCondition"]
            assert {t["targetRef"] for t in spec["notificationTargets"]} <= named["AlertNotificationTarget"]
            assert spec["notificationTargets"]
        elif d["kind"] == "AlertCondition":
            condition = spec["condition"]
            assert spec["severity"] in ("page", "ticket")
            assert (condition["kind"], condition["op"]) == ("burnrate", "gt")
            assert isinstance(condition["threshold"], float)
            assert SHORTHAND.fullmatch(condition["lookbackWindow"])
            assert SHORTHAND.fullmatch(condition["alertAfter"])
        elif d["kind"] == "AlertNotificationTarget":
            assert spec["target"]


def check_metadata(metadata: Mapping[str, Any]) -> None:
    assert DNS_LABEL.fullmatch(metadata["name"]), metadata["name"]
    assert len(metadata.get("displayName", "x")) in range(1, 64)
    for key, value in metadata.get("annotations", {}).items():
        assert ANNOTATION_KEY.fullmatch(key)
        assert re.fullmatch(r"[a-z0-9A-Z][a-z0-9A-Z._-]{0,62}", value)


def test_openslo_keeps_the_rules_of_its_specification(small_store: Program) -> None:
    (small_store.folder / "tiermix.toml").write_text(WEEK_CONFIG)
    documents = list(yaml.safe_load_all(small_store("export", "openslo", "--service", "chat gateway").out))
    check_openslo(documents)
    kinds = Counter(d["kind"] for d in documents)
    assert kinds == {"Service": 1, "SLO": 3, "AlertPolicy": 10, "AlertCondition": 10, "AlertNotificationTarget": 2}
    policy = next(d for d in documents if d["metadata"]["name"] == "refunds-page-6h-30m")
    assert policy["metadata"]["annotations"] == {"tiermix.short-window": "30m", "tiermix.min-bad": "2"}
    condition = next(
        d for d in documents if d["kind"] == "AlertCondition" and d["metadata"] == {"name": "refunds-page-6h-30m"}
    )
    assert condition["spec"]["condition"] == {
        "kind": "burnrate", "op": "gt", "threshold": 3.5, "lookbackWindow": "6h", "alertAfter": "1m",
    }  # fmt: skip
    refunds = next(d for d in documents if d["metadata"].get("displayName") == "refunds")
    assert refunds["spec"]["description"] == (
        "99% of requests with intent = refund or (none); traffic_class = critical over 7d are served by "
        "primary or secondary."
    )


def test_openslo_durations_are_one_number_and_one_unit() -> None:
    lengths = [5 * MINUTE, 90 * MINUTE, 6 * HOUR, 26 * HOUR, 7 * DAY]
    assert [openslo.duration(n) for n in lengths] == ["5m", "90m", "6h", "26h", "7d"]


CALENDAR = 'timezone = "Europe/Berlin"\n[[slo]]\nname = "monthly"\nwindow = "month"\n'


def test_a_calendar_period_is_said_where_it_can_be_and_refused_where_it_cannot(small_store: Program) -> None:
    # Alert rows have rolling windows either way. Catches a budget over 30 days that is called that of the month.
    (small_store.folder / "tiermix.toml").write_text(CALENDAR)
    assert small_store("export", "prometheus-rules", "--out", "r.yml").code == 0
    assert promtool("check", "rules", small_store.folder / "r.yml").returncode == 0
    rules = yaml.safe_load((small_store.folder / "r.yml").read_text())["groups"][0]["rules"]
    budget = next(r["expr"] for r in rules if r.get("record") == names.RECORD_BUDGET)
    assert budget == f'{names.SLO_BUDGET.name}{{slo="monthly"}}'
    assert not [r for r in rules if r.get("labels", {}).get("window") == "30d"]
    left = samples(small_store("export", "openmetrics").out)[names.SLO_BUDGET.name, frozenset({("slo", "monthly")})]
    assert left == small_store("burn", "--json").json["slos"][0]["error_budget_remaining"]
    documents = list(yaml.safe_load_all(small_store("export", "openslo").out))
    check_openslo(documents)
    (window,) = next(d for d in documents if d["kind"] == "SLO")["spec"]["timeWindow"]
    start = {"startTime": "2024-01-01 00:00:00", "timeZone": "Europe/Berlin"}
    assert window == {"duration": "1M", "isRolling": False, "calendar": start}
    refused = small_store("export", "sloth")
    assert refused.code == 2
    assert "'monthly' has a calendar month" in refused.err


def test_two_rows_on_the_same_windows_have_names_of_their_own() -> None:
    rows = tuple(AlertSetting("page", Fraction(f), HOUR, 300) for f in (2, 3, 3))
    defined = definitions([Slo("x", alerts=rows)], tiering(Config(), ()))
    assert len(defined[0].rows) == 2
    check_openslo(list(yaml.safe_load_all(openslo.text(defined, "s", "UTC"))))


def test_sloth_gets_the_windows_from_which_it_makes_our_factors(store: Program) -> None:
    # factor = budget percent / 100 x period / long window, as sloth computes it.
    made = yaml.safe_load(store("export", "sloth", "--windows").out)
    assert (made["apiVersion"], made["kind"], made["spec"]["sloPeriod"]) == ("sloth.slok.dev/v1", "AlertWindows", "7d")
    hours = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
    factors = [
        made["spec"][severity][speed]["errorBudgetPercent"]
        / 100
        * 168
        / hours[made["spec"][severity][speed]["longWindow"]]
        for severity in ("page", "ticket")
        for speed in ("quick", "slow")
    ]
    assert factors == pytest.approx([13.44, 3.5, 1.4, 1])


def test_sloth_says_which_severities_it_must_not_make_up(small_store: Program) -> None:
    only_page = '[[slo]]\nname = "x"\n[[slo.alert]]\nseverity = "page"\nfactor = 2\nlong = "1h"\nshort = "5m"\n'
    (small_store.folder / "tiermix.toml").write_text(SMALL_CONFIG + only_page)
    alerting = yaml.safe_load(small_store("export", "sloth").out)["slos"][0]["alerting"]
    assert alerting["page_alert"] == {"labels": {"severity": "page"}}
    assert alerting["ticket_alert"] == {"disable": True}


def test_sloth_refuses_what_it_cannot_say(small_store: Program) -> None:
    (small_store.folder / "tiermix.toml").write_text(WEEK_CONFIG)
    ran = small_store("export", "sloth")
    assert ran.code == 2
    assert "7d and 3d" in ran.err
    assert "--slo" in ran.err
    assert (
        "two page and two ticket rows, not 1 and 1"
        in small_store("export", "sloth", "--windows", "--slo", "never canned").err
    )


# --- names ---


def test_a_name_that_kubernetes_would_refuse_becomes_one_of_its_own() -> None:
    made = {text: names.dns_label(text) for text in ("ok-1", "Not ok", "not ok", "ü", "", "a" * 64, "x-", "a" * 63)}
    assert made["ok-1"] == "ok-1"
    assert made["a" * 63] == "a" * 63
    assert len(set(made.values())) == len(made)
    assert all(DNS_LABEL.fullmatch(v) for v in made.values())


def test_the_rest_of_a_bounded_label_is_counted() -> None:
    # Catches a cut that drops the rest, and "(other)" of the log overwriting ours.
    counts = {f"v{i}": i for i in range(100)} | {"(other)": 5, "a\nb": 1000, "a\\u000ab": 1000}
    made = families.bounded(counts)
    assert sum(made.values()) == sum(counts.values())
    assert len(made) == names.MOST_VALUES
    assert made["a\\u000ab"] == 2000


def test_promql_strings_survive_quotes_and_templates() -> None:
    assert promql.string('a"b\\c\n{{') == '"a\\"b\\\\c\\n{{"'
    assert promql.templated("{{x}} {{{") == '{{ "{{" }}x}} {{ "{{" }}{'


def test_golden_files_of_the_exports_are_the_formats_they_are_named_for() -> None:
    folder = HERE / "golden" / "export"
    assert promtool("check", "rules", folder / "rules.yml").returncode == 0
    assert promtool("check", "metrics", stdin=(folder / "metrics.prom").read_text()).stderr == ""
    for name in ("metrics.om", "history.om"):
        assert samples_over_time((folder / name).read_text())
