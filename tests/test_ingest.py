"""Reading logs: every line accounted for, every request once, whatever the file looks like."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest
import zstandard

from tests.conftest import SMALL_CONFIG, Program, small_records, write_lines


def receipt(tiermix: Program, *args: str | Path, **more: Any) -> dict[str, Any]:
    ran = tiermix("ingest", *args, "--json", "--max-bad", "1", **more)
    assert ran.code == 0, ran.err
    made: dict[str, Any] = ran.json
    assert made["accepted"] + made["duplicate"] + made["quarantined"] == made["lines"]
    return made


def mix(tiermix: Program) -> Any:
    return tiermix("mix", "--json", "--days", "60", "--as-of", "2026-11-20T00:00:00Z").json["days"]


def quarantine(tiermix: Program) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        return db.execute("SELECT line, byte_offset, reason, excerpt FROM quarantine ORDER BY line").fetchall()


@pytest.fixture
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    program = Program(tmp_path_factory.mktemp("reference"))
    (program.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    receipt(program, write_lines(program.folder / "log.jsonl", small_records()))
    return mix(program)


def pack(folder: Path, kind: str, records: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(r) + "\n" for r in records).encode()
    path = folder / kind
    if kind.endswith(".gz"):
        path.write_bytes(gzip.compress(text))
    elif kind.endswith(".zst"):
        path.write_bytes(zstandard.compress(text))
    elif kind == "array.json":
        path.write_text(json.dumps(records, indent=1))
    elif kind == "one-line-array.json":
        path.write_text(json.dumps(records))
    elif kind == "values.json":
        path.write_text("\n".join(json.dumps(r, indent=2) for r in records))
    elif kind == "batches.jsonl":
        path.write_text("".join(json.dumps(records[i : i + 50]) + "\n" for i in range(0, len(records), 50)))
    elif kind == "log.parquet":
        polars.DataFrame(records, infer_schema_length=None).write_parquet(path)
    elif kind == "crlf.jsonl":
        path.write_bytes(text.replace(b"\n", b"\r\n\r\n"))
    elif kind == "bom.jsonl":
        path.write_bytes(b"\xef\xbb\xbf" + text)
    elif kind == "utf16.jsonl":
        path.write_bytes(text.decode().encode("utf-16"))
    elif kind == "misnamed.log":
        path.write_bytes(gzip.compress(text))
    else:
        path.write_bytes(text.rstrip(b"\n"))
    return path


KINDS = (
    "log.jsonl", "log.ndjson", "log.jsonl.gz", "log.jsonl.zst", "array.json", "one-line-array.json", "values.json",
    "batches.jsonl", "log.parquet", "crlf.jsonl", "bom.jsonl", "utf16.jsonl", "misnamed.log", "odd [name]*?'\".jsonl",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_any_packing_gives_the_same_mix(tiermix: Program, reference: Any, kind: str) -> None:
    (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    made = receipt(tiermix, pack(tiermix.folder, kind, small_records()))
    assert (made["lines"], made["accepted"], made["quarantined"]) == (600, 600, 0)
    assert mix(tiermix) == reference


@pytest.mark.parametrize("kind", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"])
def test_a_bad_line_costs_only_itself_and_is_found_again(tiermix: Program, reference: Any, kind: str) -> None:
    (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    lines = [json.dumps(r) for r in small_records()]
    lines[100:100] = ["this is no JSON", ""]
    lines[300:300] = ['{"ts": "yesterday", "tier": "primary"}', "[1, 2]"]
    lines.append('{"ts": "2026-11-12T00:00:00Z", "tier": "pri')
    text = "\n".join(lines).encode()
    packed = (
        gzip.compress(text) if kind.endswith(".gz") else zstandard.compress(text) if kind.endswith(".zst") else text
    )
    (tiermix.folder / kind).write_bytes(packed)
    made = receipt(tiermix, kind)
    assert (made["accepted"], made["quarantined"]) == (600, 4)
    assert mix(tiermix) == reference
    bad = quarantine(tiermix)
    assert [b[0] for b in bad] == [101, 301, 302, 605]
    for line, offset, reason, excerpt in bad:
        assert text[offset:].split(b"\n")[0].decode() == excerpt, line
        assert reason
    assert [b[2] for b in bad][1:3] == ["ts is not a time", "not a JSON object"]


def test_too_many_bad_lines_exit_3_but_keep_what_was_good(tiermix: Program) -> None:
    (tiermix.folder / "log.jsonl").write_text(
        '{"ts": "2026-11-12T00:00:00Z", "tier": "primary", "request_id": "a"}\nx\n'
    )
    ran = tiermix("ingest", "log.jsonl")
    assert ran.code == 3
    assert "1 accepted + 0 duplicate + 1 quarantined = 2 lines" in ran.out
    assert "more than --max-bad 0.01" in ran.err
    assert "log.jsonl:2" in tiermix("status").out


def test_excerpts_are_not_kept_under_privacy_and_identities_are_hashed(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text("[privacy]\nhash_users = true\n")
    log = write_lines(tiermix.folder / "log.jsonl", small_records(count=50))
    log.write_text(log.read_text() + "a secret prompt that is no JSON\n")
    without_key = tiermix("ingest", log)
    assert without_key.code == 2
    assert "TIERMIX_HASH_KEY" in without_key.err
    receipt(tiermix, log, env={"TIERMIX_HASH_KEY": "0123456789abcdef"})
    assert [b[3] for b in quarantine(tiermix)] == [None]
    raw = (tiermix.folder / "tiermix.duckdb").read_bytes()
    assert b"secret prompt" not in raw
    assert b"globex" not in raw
    groups = tiermix("mix", "--by", "tenant", "--json").json["groups"]
    assert {len(g["key"]["tenant"]) for g in groups} == {32}
    assert len(groups) == 2


def test_the_same_file_again_changes_nothing(tiermix: Program, small_log: Path) -> None:
    first = receipt(tiermix, small_log)
    days = mix(tiermix)
    again = receipt(tiermix, small_log)
    assert (again["accepted"], again["duplicate"], again["files"][0]["unchanged"]) == (0, 600, True)
    os.utime(small_log)  # the same content with a new time is read, and every line found again
    touched = receipt(tiermix, small_log)
    assert (touched["duplicate"], touched["files"][0]["unchanged"]) == (600, False)
    assert first["requests"] == 600
    assert touched["requests"] == 0
    assert mix(tiermix) == days


def test_rotation_and_growth_count_every_request_once(tiermix: Program, reference: Any) -> None:
    (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    records = small_records()
    log = write_lines(tiermix.folder / "access.log.jsonl", records[:250])
    receipt(tiermix, log)
    write_lines(log, records[:400])
    assert receipt(tiermix, log)["accepted"] == 150
    (tiermix.folder / "access.log.1.jsonl.gz").write_bytes(gzip.compress(log.read_bytes()))
    write_lines(log, records[380:])
    made = receipt(tiermix, tiermix.folder)
    assert (made["accepted"], made["duplicate"]) == (200, 420)
    assert mix(tiermix) == reference


def test_requests_without_an_id_are_counted_as_often_as_they_stand_in_their_file(tiermix: Program) -> None:
    line = '{"ts": "2026-11-12T00:00:00Z", "tier": "primary"}\n'
    (tiermix.folder / "a.jsonl").write_text(line * 5)
    assert receipt(tiermix, "a.jsonl")["requests"] == 5
    (tiermix.folder / "a.jsonl").write_text(line * 7)  # grown by two
    made = receipt(tiermix, "a.jsonl")
    assert (made["requests"], made["duplicate"]) == (2, 5)
    (tiermix.folder / "a.jsonl").rename(tiermix.folder / "b.jsonl")  # rotated, packed, and its end again
    assert receipt(tiermix, "b.jsonl")["requests"] == 0
    (tiermix.folder / "c.jsonl.gz").write_bytes(gzip.compress((line * 3).encode()))
    assert receipt(tiermix, "c.jsonl.gz")["requests"] == 0
    assert tiermix("status", "--json").json["trust"]["without_id"] == 7


def test_a_request_without_an_id_counts_once_however_its_values_are_spelled(tiermix: Program) -> None:
    """Catches a digest of the texts as they stand in the file: other writers spell the same values otherwise."""
    ways = [
        '{"ts": "2026-11-12T00:00:00Z", "tier": "primary", "latency_ms": 5, "cost_usd": 0.00001, "fallback": false}\n',
        '{"ts": 1794441600, "tier": "primary", "latency_ms": 5.0, "cost_usd": 1e-5, "fallback": 0, "route": ""}\n',
    ]
    for nth, way in enumerate(ways):
        (tiermix.folder / f"{nth}.jsonl").write_text(way)
    (tiermix.folder / "2.csv").write_text(
        "ts,tier,latency_ms,cost_usd,fallback,route\n2026-11-12 00:00:00+00:00,primary,5.00,1.0e-05,False,\n"
    )
    with duckdb.connect() as db:
        db.read_json(str(tiermix.folder / "0.jsonl")).project(
            "* REPLACE (CAST(latency_ms AS DOUBLE) AS latency_ms)"
        ).write_parquet(str(tiermix.folder / "3.parquet"))
    got = [receipt(tiermix, f)["requests"] for f in ("0.jsonl", "1.jsonl", "2.csv", "3.parquet")]
    assert got == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-12T10:15:04.123Z", "2026-11-12T10:15:04.123Z"), ("2026-11-12T10:15:04", "2026-11-12T10:15:04Z"),
        ("2026-11-12 10:15:04.123456", "2026-11-12T10:15:04.123456Z"),
        ("2026-11-12T12:15:04+02:00", "2026-11-12T10:15:04Z"), (1794478504, "2026-11-12T10:15:04Z"),
        (1794478504.5, "2026-11-12T10:15:04.500Z"), (1794478504500, "2026-11-12T10:15:04.500Z"),
        ("1794478504500", "2026-11-12T10:15:04.500Z"), (1794478504500123, "2026-11-12T10:15:04.500123Z"),
        (1794478504500123000, "2026-11-12T10:15:04.500123Z"),
        ("2026-11-12T10:15:04.1234567Z", "2026-11-12T10:15:04.123456Z"),
    ],
)  # fmt: skip
def test_times_in_every_usual_spelling(tiermix: Program, written: Any, meant: str) -> None:
    write_lines(tiermix.folder / "log.jsonl", [{"ts": written, "tier": "primary", "request_id": "x"}])
    receipt(tiermix, "log.jsonl")
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        got = db.execute(
            "SELECT epoch_us(ts), epoch_us(CAST($t AS TIMESTAMPTZ)) FROM request_log", {"t": meant}
        ).fetchone()
    assert got is not None
    assert got[0] == got[1]


@pytest.mark.parametrize(
    "written", ["1970-01-01T00:00:00Z", 0, 12, "9999-12-31T00:00:00Z", "noon", "", -5, 1e300, "NaN"]
)
def test_impossible_times_go_to_the_quarantine(tiermix: Program, written: Any) -> None:
    good = {"ts": "2026-11-12T10:15:04Z", "tier": "primary", "request_id": "good"}
    write_lines(tiermix.folder / "log.jsonl", [good, {"ts": written, "tier": "primary", "request_id": "x"}])
    made = receipt(tiermix, "log.jsonl")
    assert (made["accepted"], made["quarantined"]) == (1, 1)


def test_a_mapping_reads_any_json_without_code(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(
        '[[tier]]\nname = "primary"\nmodels = ["big*"]\n[[tier]]\nname = "small"\nmodels = ["small"]\n'
        '[source.mygw]\nmatch = "mygw-*"\n[source.mygw.fields]\nts = "time.epoch_ms"\nserved_model = "resp.model"\n'
        'request_id = "trace"\nintent = "labels.\\"app.intent\\""\nlatency_ms = "ms"\nstatus = "http.code"\n'
    )
    records = [
        {"time": {"epoch_ms": 1794478504500 + i}, "resp": {"model": "big-1" if i % 3 else "small"}, "trace": f"t{i}",
         "labels": {"app.intent": "faq"}, "ms": 12, "http": {"code": 500 if i == 9 else 200}, "prompt": "never stored"}
        for i in range(12)
    ]  # fmt: skip
    path = write_lines(tiermix.folder / "mygw-1.jsonl", records)
    assert receipt(tiermix, path)["files"][0]["source"] == "mygw"
    got = tiermix("mix", "--by", "intent", "--json")
    assert got.tiers == {"primary": 8, "small": 3, "unserved": 1}
    assert [g["key"]["intent"] for g in got.json["groups"]] == ["faq"]
    assert b"never stored" not in (tiermix.folder / "tiermix.duckdb").read_bytes()


def test_a_mapping_reads_flat_keys_with_dots_and_parquet(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(
        '[source.envoy.fields]\nts = "start_time"\nserved_model = "gen_ai.response.model"\n'
        'requested_model = "gen_ai.request.model"\nrequest_id = "x-request-id"\n'
    )
    records = [
        {"start_time": "2026-11-12T10:15:04.120Z", "x-request-id": f"e{i}", "gen_ai.request.model": "gpt-4o",
         "gen_ai.response.model": "gpt-4o-2024-08-06" if i else "gpt-4o-mini"} for i in range(4)
    ]  # fmt: skip
    write_lines(tiermix.folder / "a.jsonl", records[:2])
    polars.DataFrame(records[2:]).write_parquet(tiermix.folder / "b.parquet")
    assert receipt(tiermix, "a.jsonl", "b.parquet")["requests"] == 4
    assert tiermix("mix", "--json").tiers == {"primary": 3, "secondary": 1}


def test_a_file_of_no_known_source_says_what_it_saw(tiermix: Program) -> None:
    write_lines(tiermix.folder / "odd.jsonl", [{"when": 1, "what": 2}])
    ran = tiermix("ingest", "odd.jsonl")
    assert ran.code == 3
    assert "its fields are: what, when" in ran.err
    assert "[source.NAME.fields]" in ran.err


def test_in_a_folder_other_files_are_named_and_left_out(tiermix: Program, small_log: Path) -> None:
    write_lines(tiermix.folder / "odd.json", [{"when": 1, "what": 2}])
    made = receipt(tiermix, tiermix.folder)
    assert made["accepted"] == 600
    assert [w["code"] for w in made["warnings"]] == ["skipped"]
    assert "odd.json" in made["warnings"][0]["message"]


@pytest.mark.parametrize(
    ("words", "found"), [(["logs"], 3), (["logs/*.jsonl"], 2), (["**/*.gz"], 1), (["logs/a.jsonl"] * 2, 1)]
)
def test_files_folders_and_quoted_patterns(tiermix: Program, words: list[str], found: int) -> None:
    folder = tiermix.folder / "logs" / "deep"
    folder.mkdir(parents=True)
    record = {"ts": "2026-11-12T10:15:04Z", "tier": "primary"}
    for name in ("a.jsonl", "b.jsonl"):
        write_lines(folder.parent / name, [record | {"request_id": name}])
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(record | {"request_id": "c"}).encode()))
    (folder / "notes.txt").write_text("not a log")
    assert len(receipt(tiermix, *words)["files"]) == found


def test_an_empty_file_beside_others_is_nothing_bad_but_alone_it_is_no_input(tiermix: Program, small_log: Path) -> None:
    (tiermix.folder / "empty.jsonl").write_text("\n\n")
    assert tiermix("ingest", "empty.jsonl").code == 3
    assert receipt(tiermix, "empty.jsonl", small_log)["accepted"] == 600


def test_damaged_files_keep_what_can_be_read(tiermix: Program) -> None:
    text = "".join(json.dumps(r) + "\n" for r in small_records()).encode()
    whole = gzip.compress(text)
    (tiermix.folder / "cut.jsonl.gz").write_bytes(whole[: len(whole) * 2 // 3])
    ran = tiermix("ingest", "cut.jsonl.gz")
    assert ran.code == 3  # half a file is no success, whatever share of its lines was bad
    assert "ends early or is damaged" in ran.err
    kept = sum(d["total"] for d in mix(tiermix))
    assert 200 < kept < 600
    (tiermix.folder / "again.jsonl.gz").write_bytes(whole)
    assert receipt(tiermix, "again.jsonl.gz")["lines"] == 600
    assert sum(d["total"] for d in mix(tiermix)) == sum(not r.get("drill") for r in small_records())


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08\x00 no gzip at all", b"PAR1 no parquet", b"plain words\nand more\n", b"\x00" * 99]
)
def test_a_file_that_cannot_be_read_fails_the_ingest_but_not_the_others(
    tiermix: Program, small_log: Path, content: bytes
) -> None:
    folder = tiermix.folder / "logs"
    folder.mkdir()
    (folder / "b.jsonl").write_bytes(small_log.read_bytes())
    (folder / "a.jsonl").write_bytes(content)
    ran = tiermix("-q", "ingest", "logs")
    assert ran.code == 3
    assert "a.jsonl" in ran.err
    assert tiermix("mix", "--json").json["totals"]["total"] > 500


def test_a_line_beyond_any_bound_costs_only_itself(tiermix: Program, small_log: Path) -> None:
    huge = '{"ts": "2026-11-12T00:00:00Z", "tier": "primary", "user": "' + "x" * (65 << 20) + '"}\n'
    text = small_log.read_text()
    small_log.write_text(
        text[: len(text) // 2].rsplit("\n", 1)[0] + "\n" + huge + text[len(text) // 2 :].split("\n", 1)[1]
    )
    made = receipt(tiermix, small_log)
    assert (made["accepted"], made["quarantined"]) == (599, 1)
    assert "longer than 64 MiB" in quarantine(tiermix)[0][2]


def test_stdin_and_a_terminal(tiermix: Program, small_log: Path) -> None:
    assert receipt(tiermix, "-", stdin=gzip.compress(small_log.read_bytes()))["files"][0]["path"] == "-"


def test_a_second_writer_waits_and_then_says_who_holds_the_store(tiermix: Program, small_log: Path) -> None:
    assert tiermix("ingest", small_log).code == 0
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb")):
        ran = tiermix("ingest", small_log, "--wait", "0.5")
        assert ran.code == 75
        assert f"process {os.getpid()}" in ran.err
        assert tiermix("mix", "--wait", "0").code == 75
    assert tiermix("ingest", small_log).code == 0


@pytest.mark.parametrize("harm", ["cut off", "its header", "its blocks", "empty"])
def test_a_damaged_store_is_named_as_that_with_the_way_out(tiermix: Program, small_log: Path, harm: str) -> None:
    # DuckDB finds some damage when it opens the file, and some when it reads a block; and has an error of another kind
    # for each. Catches taking a damaged store for the database of another program.
    store = tiermix.folder / "tiermix.duckdb"
    assert tiermix("ingest", small_log).code == 0
    content = bytearray(store.read_bytes())
    if harm == "its header":
        content[4096:12288] = bytes(8192)
    elif harm == "its blocks":
        for at in range(12288 + 4096, len(content), 4096):
            content[at : at + 64] = b"\xa5" * 64
    store.write_bytes(content[: {"cut off": 20_000, "empty": 0}.get(harm)])
    for command in (["mix"], ["ingest", small_log]):
        ran = tiermix(*command)
        assert ran.code == 4, ran.err
        assert "not a usable store" in ran.err
        assert "fix: move it away and ingest again" in ran.err


def test_what_is_no_store_is_refused(tiermix: Program, small_log: Path) -> None:
    (tiermix.folder / "tiermix.duckdb").write_bytes(b"no database at all" * 100)
    ran = tiermix("mix")
    assert ran.code == 4
    assert "not a usable store" in ran.err
    with duckdb.connect(str(tiermix.folder / "other.duckdb")) as db:
        db.execute("CREATE TABLE t (x INTEGER)")
    assert "not a tiermix store" in tiermix("ingest", small_log, "--db", "other.duckdb").err
    with duckdb.connect(str(tiermix.folder / "newer.duckdb")) as db:
        db.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR); INSERT INTO meta VALUES ('schema', '99')")
        db.execute("CREATE TABLE request_log (x INTEGER); CREATE TABLE ledger (x INTEGER)")
    ran = tiermix("mix", "--db", "newer.duckdb")
    assert (ran.code, "schema 99" in ran.err) == (4, True)


def test_rollups_equal_a_recount_of_the_requests(small_store: Program) -> None:
    with duckdb.connect(str(small_store.folder / "tiermix.duckdb"), read_only=True) as db:
        minutes = db.execute(
            "SELECT minute, outcome_id, sum(requests) FROM mix_minute GROUP BY ALL EXCEPT "
            "SELECT epoch_us(ts) // 60000000, outcome_id, count(*) FROM request_log WHERE NOT drill GROUP BY ALL"
        ).fetchall()
        hours = db.execute(
            "SELECT hour, value, outcome_id, sum(requests) FROM mix_hour WHERE dim = 'intent' GROUP BY ALL EXCEPT "
            "SELECT epoch_us(ts) // 3600000000, intent, outcome_id, count(*) FROM request_log WHERE NOT drill "
            "GROUP BY ALL"
        ).fetchall()
        dims = db.execute("SELECT dim, sum(requests) FROM mix_hour GROUP BY dim ORDER BY dim").fetchall()
        counted = db.execute("SELECT count(*) FROM request_log WHERE NOT drill").fetchall()
    assert minutes == hours == []
    assert dims == [(d, counted[0][0]) for d in ("feature", "intent", "tenant", "traffic_class")]


@pytest.mark.parametrize(
    "payload",
    ["x'; DROP TABLE request_log; --", "\x1b[31mred\x1b[0m", "</script><script>alert(1)</script>"],
)
def test_hostile_values_stay_values(tiermix: Program, payload: str) -> None:
    records = [r | {"intent": payload, "tenant": "=cmd()"} for r in small_records(count=40)]
    receipt(tiermix, write_lines(tiermix.folder / "log.jsonl", records))
    shown = tiermix("mix", "--by", "intent").out
    assert "\x1b" not in shown
    assert "'=cmd()" in tiermix("mix", "--by", "tenant", "--format", "csv").out
    assert tiermix("mix", "--by", "intent", "--json").json["groups"][0]["key"]["intent"] == payload
    assert tiermix("report", "-o", "r.html").code == 0
    page = (tiermix.folder / "r.html").read_text()
    assert "</script><script>alert" not in page
    assert "<script>alert" not in page


def test_a_long_first_record_hides_nothing(tiermix: Program) -> None:
    # The head of a file ends inside such a record. Catches telling the container from a cut record.
    records = small_records(count=60)
    long = {"prompt": "x" * (3 << 20)}
    text = "".join(json.dumps((r | long) if i == 0 else r) + "\n" for i, r in enumerate(records))
    (tiermix.folder / "lines.jsonl").write_text(text)
    assert receipt(tiermix, "lines.jsonl")["accepted"] == 60
    (tiermix.folder / "one.json").write_text(json.dumps(records[0] | long | {"request_id": "alone"}, indent=1))
    assert receipt(tiermix, "one.json")["accepted"] == 1
    batches = [
        [r | {"request_id": f"{b}-{i}", "prompt": "y" * 40_000} for i, r in enumerate(records)] for b in range(3)
    ]
    (tiermix.folder / "batches.jsonl").write_text("".join(json.dumps(b) + "\n" for b in batches))
    assert receipt(tiermix, "batches.jsonl")["accepted"] == 180


@pytest.mark.parametrize("joint", ["", "\n", "\n\n"])
def test_what_follows_an_array_in_its_file_is_read_too(tiermix: Program, joint: str) -> None:
    records = small_records(count=9)
    parts = [json.dumps(records[:4], indent=1), json.dumps(records[4:7], indent=1), json.dumps(records[7], indent=1)]
    (tiermix.folder / "a.json").write_text(joint.join(parts))
    assert receipt(tiermix, "a.json")["accepted"] == 8
    (tiermix.folder / "b.json").write_text("[\n" + ",\n".join(json.dumps(r) for r in records) + "\n]\n")
    made = receipt(tiermix, "b.json")
    assert (made["accepted"], made["duplicate"], made["quarantined"]) == (1, 8, 0)


def test_a_corrected_mapping_reads_the_same_file_again(tiermix: Program) -> None:
    write_lines(tiermix.folder / "log.jsonl", [{"x": {"when": 1794478504 + i}, "m": "gpt", "id": i} for i in range(10)])
    for path, accepted in (("x.wen", 0), ("x.when", 10)):
        (tiermix.folder / "tiermix.toml").write_text(
            f'[source.g]\nmatch = "*.jsonl"\n[source.g.fields]\nts = "{path}"\nserved_model = "m"\nrequest_id = "id"\n'
        )
        assert receipt(tiermix, "log.jsonl")["accepted"] == accepted


def test_every_way_of_ingesting_stores_the_same(tiermix: Program) -> None:
    # A sound file goes the fast way; cut lines are found afterwards; a line that only looks sound makes it judge
    # all; a duplicate sends it the careful way. Catches any difference between typed and text reading, and bad lines
    # that one way misses.
    records = [r | {"latency_ms": 12, "cost_usd": 1e-7, "tool_ok": True, "tool_calls": 3} for r in small_records()]
    sound = write_lines(tiermix.folder / "sound.jsonl", records).read_text()
    odd = {
        "sound": ([], 0),
        "cut": (["broken", '{"ts": "2026-11-12T00:00:00Z", "tier": "prim'], 0),
        "false": ([json.dumps(records[0] | {"request_id": "odd", "latency_ms": "fast"}), "broken"], 0),
        "twice": ([json.dumps(records[5]), "broken"], 1),
    }
    for name, (lines, duplicates) in odd.items():
        (tiermix.folder / f"{name}.jsonl").write_text(sound + "".join(f"{x}\n" for x in lines))
        found = receipt(tiermix, f"{name}.jsonl", "--db", f"{name}.duckdb", "--max-bad", "1")
        assert (found["duplicate"], found["quarantined"]) == (duplicates, len(lines) - duplicates), name
    db = duckdb.connect(str(tiermix.folder / "sound.duckdb"), read_only=True)
    for name in ("cut", "false", "twice"):
        db.execute(f"ATTACH '{tiermix.folder / name}.duckdb' AS \"{name}\" (READ_ONLY)")
        for table in ("request_log", "outcomes", "mix_minute", "mix_hour"):
            one = db.execute(f'SELECT count(*) FROM (FROM {table} EXCEPT ALL FROM "{name}".{table})').fetchone()
            two = db.execute(f'SELECT count(*) FROM (FROM "{name}".{table} EXCEPT ALL FROM {table})').fetchone()
            assert (one, two) == ((0,), (0,)), (name, table)
        at = db.execute(f'SELECT min(line), max(line) FROM "{name}".quarantine').fetchone()
        assert at == (602 if name in ("false", "twice") and odd[name][1] else 601, 602), name
    db.close()


@pytest.mark.parametrize("spoilt", ["", "broken", "twice", "two files"])
def test_a_question_to_logs_gives_the_answer_of_a_store(tiermix: Program, spoilt: str) -> None:
    # Logs that are asked directly are only counted where they are sound. Catches a count that forgets drills or
    # duplicates, and reading only the first of two files.
    records = small_records()
    text = "".join(json.dumps(r) + "\n" for r in records)
    more = {"": "", "broken": "broken\n", "twice": json.dumps(records[7]) + "\n", "two files": ""}[spoilt]
    folder = tiermix.folder / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_text(text + more)
    if spoilt == "two files":
        (folder / "b.jsonl").write_text(text.replace('"r00', '"s00'))
        (folder / "c.jsonl").write_text(text)
    receipt(tiermix, "logs", "--max-bad", "1")
    for question in (
        ["mix"],
        ["mix", "--by", "reason"],
        ["mix", "--by", "intent"],
        ["burn"],
        ["mix", "--where", "tenant=acme"],
    ):
        asked, stored = (tiermix(*question, *logs, "--json").json for logs in (["logs"], []))
        assert asked == stored, question


def test_a_parquet_file_damaged_inside_keeps_no_other_file_from_being_read(tiermix: Program, small_log: Path) -> None:
    # Its footer is whole, so that the damage shows only while it is read. Catches raising out of the loop over batches.
    folder = tiermix.folder / "logs"
    folder.mkdir()
    polars.DataFrame(small_records(), infer_schema_length=None).write_parquet(folder / "a.parquet", compression="gzip")
    content = bytearray((folder / "a.parquet").read_bytes())
    content[100:2000] = bytes(1900)
    (folder / "a.parquet").write_bytes(content)
    (folder / "b.jsonl").write_bytes(small_log.read_bytes())
    ran = tiermix("ingest", "logs")
    assert ran.code == 3
    assert "a.parquet: the Parquet file cannot be read" in ran.err
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM requests").fetchone() == (600,)


def test_a_store_of_another_duckdb_still_knows_its_requests(tiermix: Program, small_log: Path) -> None:
    # DuckDB may hash differently one day. Catches trusting the stored hashes.
    receipt(tiermix, small_log)
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb")) as db:
        db.execute("UPDATE request_log SET request_hash = request_hash + 1 WHERE request_hash < 9000000000000000000")
        db.execute("UPDATE meta SET value = 'other' WHERE key = 'hash'")
    again = tiermix.folder / "again.jsonl"
    again.write_bytes(small_log.read_bytes())
    assert receipt(tiermix, again)["duplicate"] == 600
