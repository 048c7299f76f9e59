"""Every kind of bad, odd and hostile input: each line accounted for, no good line lost, one rule on every way in."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars
import pytest
import zstandard

from tests.conftest import NOW
from tests.corpus import GOOD, LINES, MOMENT, Line, good, goods, jsonl
from tests.corpus_files import FILES, Case
from tests.test_sources import CASES
from tiermix import broken, inputs
from tiermix.config import Config
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.main import main
from tiermix.model import Receipt
from tiermix.store import Store

CLOCK = datetime(2026, 11, 20, 8, tzinfo=UTC)


class Here:
    """The program in this process, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = self.err = ""

    def __call__(self, *args: str | Path) -> int:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(a) for a in args])
        self.out, self.err = out.getvalue(), err.getvalue()
        return int(code)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        with Store.read(self.folder / "tiermix.duckdb") as store:
            yield store

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with self.store() as store:
            return store.execute(question)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERMIX_NOW", NOW)
    monkeypatch.setattr(inputs, "_WRITER_WITHIN", 0.3)
    return Here(tmp_path)


def consistent(store: Store) -> set[str]:
    """The ids in a store, after a look at whether its parts agree."""
    requests, counted, minutes, hours = store.execute(
        "SELECT (SELECT count(*) FROM request_log), (SELECT count(*) FROM request_log WHERE NOT drill), "
        "(SELECT coalesce(sum(requests), 0) FROM mix_minute), "
        "(SELECT coalesce(sum(requests), 0) FROM mix_hour WHERE dim = 'intent')"
    )[0]
    assert counted == minutes == hours
    ids = {row[0] for row in store.execute("SELECT request_id FROM request_log")}
    assert len(ids) == requests
    return ids


def test_the_corpus_is_large() -> None:
    assert len({line.name for line in LINES}) == len(LINES)
    assert len({c.name for c in FILES}) == len(FILES)
    assert len(FILES) >= 75


@pytest.mark.parametrize("kind", FILES, ids=lambda c: c.name.replace(" ", "-"))
def test_a_file_of_any_kind_is_accounted_for(here: Here, kind: Case) -> None:
    words = kind.build(here.folder)
    code = here("ingest", "--json", *kind.more, *words)
    assert code == kind.code, here.err
    told = here.err
    if kind.accepted or kind.duplicate or kind.quarantined:
        receipt = json.loads(here.out)
        found = {k: receipt[k] for k in ("lines", "accepted", "duplicate", "quarantined")}
        assert found == {
            "lines": kind.accepted + kind.duplicate + kind.quarantined, "accepted": kind.accepted,
            "duplicate": kind.duplicate, "quarantined": kind.quarantined,
        }  # fmt: skip
        with here.store() as store:
            ids = frozenset(f"g{n}" for n in range(kind.accepted)) if kind.ids is None else kind.ids
            assert consistent(store) == ids
            bad = store.execute("SELECT reason FROM quarantine")
        assert len(bad) == kind.quarantined
        told += str(bad) + here.out
    assert kind.says in told
    assert "\x1b" not in here.err
    assert "Traceback" not in here.err


def test_what_could_not_be_read_to_its_end_is_complained_of_every_time_and_counted_once(here: Here) -> None:
    # Catches: a damaged file that is "unchanged" the next night, and then passes for read.
    text = jsonl(goods(4000))
    for name, content in {"a.jsonl.gz": gzip.compress(text)[:-2000], "b.jsonl.gz": gzip.compress(text)[:-1]}.items():
        (here.folder / name).write_bytes(content)
    for _ in range(2):
        assert here("ingest", "a.jsonl.gz", "b.jsonl.gz", "--json") == 3
        receipt = json.loads(here.out)
        assert [e["code"] for e in receipt["errors"]] == ["unreadable_file"] * 2
        assert [Path(e["where"]).name for e in receipt["errors"]] == ["a.jsonl.gz", "b.jsonl.gz"]
        assert here.err.count("damaged") == 2
        assert receipt["accepted"] + receipt["duplicate"] + receipt["quarantined"] == receipt["lines"]
        assert here.rows("SELECT count(*) FROM requests") == [(4000,)]


def fates(kinds: Iterable[Line]) -> tuple[set[str], int]:
    """The ids of the good ones, and how many have none."""
    sound = [k for k in kinds if not k.why]
    return {k.name for k in sound if k.has_id}, sum(not k.has_id for k in sound)


def between(kinds: Iterable[Line], *, first: bytes = b"") -> tuple[bytes, dict[int, Line], set[str]]:
    """Lines with good ones around, the number of each of theirs in the text, and the ids of the good ones."""
    text, at, ids = [first.rstrip(b"\n")] if first else [], {}, set()
    for n, kind in enumerate(kinds):
        text += [jsonl([good(n)]).rstrip(b"\n"), kind.raw]
        at[len(text)] = kind
        ids.add(f"g{n}")
    text.append(jsonl([good(len(at))]).rstrip(b"\n"))
    return b"\n".join(text) + b"\n", at, ids | {f"g{len(at)}"}


# What makes of a text that DuckDB's strict pass refuses a file that goes one way or another.
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "beside a duplicate": lambda text: text + jsonl([good(0)]),
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "in small parts": lambda text: b"\xef\xbb\xbf" + text,
    "packed": lambda text: gzip.compress(text, 1),
    "asked directly": lambda text: text,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_fate_of_a_line_is_the_same_on_every_way(here: Here, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    # Catches any way of reading that accepts what another one refuses, and a line number or reason that is off.
    text, at, ids = between(LINES)
    path = here.folder / "log.jsonl"
    path.write_bytes(WAYS[way](text))
    duplicates = int(way == "beside a duplicate")
    if way == "in small parts":
        monkeypatch.setattr(broken, "_PART", 20_000)
    accepted, without_id = fates(LINES)
    if way == "asked directly":
        assert here("mix", path, "--json", "--since", "1999-01-01", "--as-of", "2099-12-31T00:00:00Z") == 0, here.err
        drills = sum(not k.why and bool(re.search(rb'"drill": (true|-?[0-9.]+)', k.raw)) for k in LINES)
        assert json.loads(here.out)["totals"]["total"] == len(ids | accepted) + without_id - drills
        return
    assert here("ingest", path, "--json", "--max-bad", "1") == 0, here.err
    receipt = json.loads(here.out)
    bad = {n: k for n, k in at.items() if k.why}
    with here.store() as store:
        found = consistent(store)
        quarantine: dict[int, str] = dict(store.execute("SELECT line, reason FROM quarantine"))
    assert {at[n].name for n in quarantine.keys() - bad.keys()} == set(), "went to the quarantine"
    assert {k.name for n, k in bad.items() if n not in quarantine} == set(), "did not"
    wrong = {k.name: quarantine[n] for n, k in bad.items() if k.why not in quarantine[n]}
    assert wrong == {}
    assert {x for x in found if not x.startswith("line:")} == ids | accepted
    assert sum(x.startswith("line:") for x in found) == without_id
    assert (receipt["lines"], receipt["duplicate"]) == (2 * len(LINES) + 1 + duplicates, duplicates)
    assert receipt["quarantined"] == len(bad)


def test_a_record_fares_in_an_array_as_it_does_on_a_line(here: Here) -> None:
    # Catches: a record of an array that is lost with a broken one before it, and one that is rewritten on the way.
    kinds = [k for k in LINES if not k.apart and len(k.raw) < 1 << 20]
    parts = [x for n, k in enumerate(kinds) for x in (jsonl([good(n)]).strip(), k.raw)]
    (here.folder / "log.json").write_bytes(b"[" + b",\n".join(parts) + b"]")
    assert here("ingest", "log.json", "--json", "--max-bad", "1") == 0, here.err
    accepted, without_id = fates(kinds)
    with here.store() as store:
        found = consistent(store)
    assert {x for x in found if not x.startswith("line:")} == accepted | {f"g{n}" for n in range(len(kinds))}
    assert len(found) == len(kinds) + len(accepted) + without_id
    assert json.loads(here.out)["quarantined"] >= sum(bool(k.why) for k in kinds)


JUNK = (b"x", b"{}", b"[]", b"3", b"null", b'{"id": 7}', b'{"cut', b'{"x": "\xff"}', b"[" * 3000, b'{"a": "\\ud800"}')


@pytest.mark.parametrize("name", CASES)
def test_junk_between_the_records_of_any_gateway_costs_none_of_them(
    here: Here, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Every way must agree. Catches a projection that takes what is no record for one to skip, and lines that are
    # counted anew in every part.
    records = [json.dumps(r).encode() for r in CASES[name][0]]
    lines = [x for n, r in enumerate(records) for x in (r, JUNK[n % 5], JUNK[5 + n % 5])] + list(JUNK)
    seen = []
    for way in ("as it is", "with a byte order mark", "in small parts", "packed"):
        monkeypatch.setattr(broken, "_PART", 500 if way == "in small parts" else 1 << 28)
        (here.folder / "log.jsonl").write_bytes(WAYS[way](b"\n".join(lines)))
        db = f"{way.replace(' ', '-')}.duckdb"
        assert here("ingest", "log.jsonl", "--json", "--max-bad", "1", "--source", name, "--db", db) == 0, here.err
        receipt = json.loads(here.out)
        with Store.read(here.folder / db) as store:
            consistent(store)
            mark = len(WAYS[way](b"")) if way in ("with a byte order mark", "in small parts") else 0
            bad = store.execute(f"SELECT line, byte_offset - {mark}, reason FROM quarantine ORDER BY line")
            requests = store.execute("SELECT * REPLACE (epoch_us(ts) AS ts) FROM request_log ORDER BY ALL")
        seen.append((receipt["lines"], receipt["accepted"], receipt["quarantined"], bad, requests))
    assert seen[0][:3] == (len(lines), len(records), len(lines) - len(records))
    assert [b[0] for b in seen[0][3]] == [n for n, x in enumerate(lines, start=1) if x not in records]
    for other in seen[1:]:
        assert other == seen[0]


def alone(content: bytes) -> tuple[Receipt, set[str], list[tuple[Any, ...]]]:
    """What becomes of a log by itself."""
    path = Path("alone.jsonl")
    path.write_bytes(content)
    with Store.in_memory() as store:
        receipt = ingest(store, find([str(path)]), Config(), now=CLOCK, max_bad=1)
        bad = store.execute("SELECT line, byte_offset, reason, excerpt FROM quarantine")
        return receipt, consistent(store), bad


@pytest.mark.parametrize("kind", LINES, ids=lambda k: k.name[:60].replace(" ", "-"))
def test_a_line_between_good_ones_costs_only_itself(here: Here, kind: Line) -> None:
    text = jsonl(goods(3)) + kind.raw + b"\n" + jsonl(goods(3, 3))
    receipt, ids, bad = alone(text)
    assert (receipt.lines, receipt.accepted) == (GOOD + 1, GOOD + (not kind.why))
    mine = ids - {f"g{n}" for n in range(GOOD)}
    assert len(ids) == GOOD + (not kind.why)
    if kind.why:
        line, offset, reason, excerpt = bad[0]
        assert (line, offset, kind.why in reason) == (4, len(jsonl(goods(3))), True), reason
        assert excerpt.isprintable()
    elif kind.has_id:
        assert mine == {kind.name}


@pytest.mark.parametrize("kind", [k for k in LINES if k.us], ids=lambda k: k.name.replace(" ", "-"))
def test_a_time_in_any_spelling_is_the_moment_it_names(here: Here, kind: Line) -> None:
    Path("log.jsonl").write_bytes(kind.raw)
    with Store.in_memory() as store:
        ingest(store, find(["log.jsonl"]), Config(), now=CLOCK, max_bad=1)
        assert store.execute("SELECT epoch_us(ts) FROM request_log") == [(kind.us,)]


CHANGES = ("deleted", "cut", "grown", "grown in a line", "rotated", "replaced")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["log.jsonl", "log.json"])
def test_a_file_that_changes_while_it_is_read_loses_nothing_and_counts_nothing_twice(
    here: Here, monkeypatch: pytest.MonkeyPatch, change: str, name: str
) -> None:
    # The change comes between the look at the file and its reading. Catches a ledger that takes the later state for
    # read.
    from tiermix.ingest import inspection
    from tiermix.sources import sample as look

    records = goods(300)
    path = here.folder / name
    before, after = jsonl(records[:200]), jsonl(records)
    if name == "log.json":  # a list, which goes the careful way
        before = json.dumps(records[:200], indent=1).encode()
        after = json.dumps(records, indent=1).encode()
    path.write_bytes(before)

    def change_after(seen: Path) -> Any:
        made = look(seen)
        if change == "deleted":
            path.rename(here.folder / "kept")
        elif change == "cut":
            os.truncate(path, len(before) // 2)
        elif change == "grown":
            path.write_bytes(after)
        elif change == "grown in a line":
            path.write_bytes(after[:-30])
        elif change == "rotated":
            path.rename(here.folder / f"old.{name}")
            path.write_bytes(jsonl(records[200:]))
        else:
            path.write_bytes(jsonl(records[200:]))
            (here.folder / f"old.{name}").write_bytes(before)
        return made

    monkeypatch.setattr(inspection, "sample", change_after)
    code = here("ingest", name, "--max-bad", "1")
    assert code == (3 if change == "deleted" else 0), here.err
    if change == "deleted":
        assert name in here.err
    monkeypatch.undo()
    monkeypatch.setenv("TIERMIX_NOW", NOW)
    monkeypatch.chdir(here.folder)
    if change in ("deleted", "cut", "grown in a line"):
        path.write_bytes(after)
    assert here("ingest", here.folder, "--max-bad", "1") == 0, here.err
    assert here("ingest", here.folder, "--max-bad", "1") == 0, here.err
    with here.store() as store:
        assert consistent(store) == {f"g{n}" for n in range(300)}


def _packed(text: bytes, name: str) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(text)
    if name.endswith(".zst"):
        return zstandard.compress(text)
    if name.endswith(".csv"):
        return b"ts,tier,request_id\n" + b"".join(b"%s,primary,g%d\n" % (MOMENT.encode(), n) for n in range(GOOD))
    if name == "list.json":
        return json.dumps([json.loads(line) for line in text.splitlines()]).encode()
    return text.decode().encode("utf-16") if name == "utf-16.jsonl" else text


@pytest.mark.parametrize("change", ["gone", "a folder", "another text"])
@pytest.mark.parametrize(
    "name", ["log.jsonl", "list.json", "log.jsonl.gz", "log.jsonl.zst", "log.csv", "utf-16.jsonl", "broken.jsonl"]
)
def test_a_file_that_goes_away_before_its_turn_costs_no_other_file(
    here: Here, monkeypatch: pytest.MonkeyPatch, change: str, name: str
) -> None:
    # It is there when all files are looked at, and rotated away before it is read. Catches an OSError that leaves
    # ingest, and a codec that gives up on a text that is not what it was.
    from tiermix.ingest import run

    text = jsonl(goods()) + b"broken\n" * (name == "broken.jsonl")
    path, other = here.folder / name, here.folder / "other.jsonl"
    path.write_bytes(_packed(text, name))
    other.write_bytes(jsonl(goods(3, 900)))

    def change_after(inputs: Iterable[Any]) -> Iterable[Any]:
        path.unlink()
        if change == "a folder":
            path.mkdir()
        elif change == "another text":
            path.write_bytes(b"it was 3 MB of logs and is this line now\n")
        return batches(inputs)

    batches = run._batches
    monkeypatch.setattr(run, "_batches", change_after)
    code = here("ingest", "--max-bad", "1", "--json", path, other)
    assert code in ((0, 3) if change == "another text" else (3,)), here.err
    receipt = json.loads(here.out)
    assert receipt["accepted"] + receipt["duplicate"] + receipt["quarantined"] == receipt["lines"]
    assert here.err.count("cannot read the file") == (change != "another text")
    with here.store() as store:
        assert consistent(store) == {"g900", "g901", "g902"}
    if change == "gone":  # and when it is there again, it is read
        path.write_bytes(_packed(text, name))
        monkeypatch.setattr(run, "_batches", batches)
        assert here("ingest", "--max-bad", "1", path, other) == 0, here.err
        with here.store() as store:
            assert consistent(store) == {"g900", "g901", "g902"} | {f"g{n}" for n in range(GOOD)}


def test_what_stands_before_the_damage_of_a_zstd_file_is_kept_and_so_are_other_files(here: Here) -> None:
    # DuckDB reads nothing of it. Catches a look at its lines, on the way around broken ones, that ends the whole run.
    whole = zstandard.compress(jsonl(goods(9000)))
    Path("a.jsonl.zst").write_bytes(whole[: len(whole) // 2])
    Path("b.json").write_bytes(json.dumps(goods(3, 9000)).encode())
    assert here("ingest", "a.jsonl.zst", "b.json", "--json") == 3
    receipt = json.loads(here.out)
    assert [Path(e["where"]).name for e in receipt["errors"]] == ["a.jsonl.zst"]
    assert receipt["accepted"] + receipt["quarantined"] == receipt["lines"]
    with here.store() as store:
        ids = consistent(store)
    assert {"g9000", "g9001", "g9002"} < ids
    assert ids - {"g9000", "g9001", "g9002"} == {f"g{n}" for n in range(len(ids) - 3)}


def test_equal_bad_lines_are_all_in_the_quarantine_and_those_of_a_copy_are_not(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They are entered in pieces. Catches a piece, or the new part of a file that has grown, that takes an equal line
    # before it for an earlier read of itself.
    from tiermix.ingest import batch

    monkeypatch.setattr(batch, "_QUARANTINE_CHUNK", 4)
    text = jsonl(goods()) + b"broken\n" * 10
    other = jsonl(goods(50)) + b"broken\n"
    reads = [("a.jsonl", text, 10), ("b.jsonl", text, 10), ("a.jsonl", text + b"broken\n" * 5, 15)]
    for name, content, bad in [*reads, ("a.jsonl.gz", gzip.compress(text), 15), ("c.jsonl", other, 16)]:
        Path(name).write_bytes(content)
        assert here("ingest", name, "--max-bad", "1") == 0, here.err
        assert here.rows("SELECT count(*), count(DISTINCT line) FROM quarantine") == [(bad, bad)]


def test_bad_rows_of_parquet_are_told_by_their_number_and_none_is_taken_for_that_of_another_file(here: Here) -> None:
    # Catches a row that is looked for among the bytes of the file: what stands between two line breaks there is no
    # row, and alike in files that begin alike.
    for name, missing in {"a.parquet": (0, 3), "b.parquet": (0, 5), "copy.parquet": (0, 5)}.items():
        frame = polars.DataFrame([good(n, ts=None if n in missing else MOMENT) for n in range(GOOD)])
        frame.write_parquet(name)
        assert here("ingest", name, "--max-bad", "1") == 0, here.err
    kept = here.rows("SELECT parse_filename(path), line, byte_offset, excerpt FROM quarantine ORDER BY ALL")
    assert kept == [(f"{x}.parquet", n, 0, None) for x, n in (("a", 1), ("a", 4), ("b", 1), ("b", 6))]


def test_lines_that_are_broken_alike_are_one_reason_wherever_in_the_line_it_shows(here: Here) -> None:
    # Catches a reason with its place in the line, of which a status of thousands of cut lines has thousands.
    record = jsonl([good(0)]).rstrip()
    cuts = [record[:-n] for n in range(1, 60)]
    commas = [record[:-1] + b', "x": ' + b'"' + b"y" * n + b'" "z": 1}' for n in range(20)]
    raw = [record[:-1] + b', "x": "' + b"y" * n + b'\xff"}' for n in range(7)]
    Path("log.jsonl").write_bytes(jsonl(goods()) + b"\n".join(cuts + commas + raw))
    assert here("ingest", "log.jsonl", "--max-bad", "1") == 0, here.err
    assert here("status", "--json") == 0
    told = {q["reason"]: q["lines"] for q in json.loads(here.out)["quarantine"]}
    assert told == {"not JSON: it is cut off": 59, "not JSON: Expecting ',' delimiter": 20, "not UTF-8": 7}
    assert here("ingest", "--explain", "log.jsonl") == 0
    assert "59 x not JSON: it is cut off" in here.out
    places = here.rows("SELECT count(DISTINCT reason) FROM quarantine WHERE reason LIKE 'not JSON at byte %'")
    assert places == [(20,)]


@pytest.mark.parametrize("command", [["status"], ["mix"], ["burn", "--replay", "1d"], ["drift"]])
def test_a_store_in_which_every_line_was_bad_says_why(here: Here, command: list[str]) -> None:
    # That is where the message of ingest sends its reader.
    Path("log.jsonl").write_bytes(b'{"ts": "yesterday", "tier": "primary"}\n' * 3 + b"no log\n")
    assert here("ingest", "log.jsonl") == 3
    assert "tiermix status" in here.err
    assert here(*command) == 3
    assert "4 lines could not be used, 3 of them like log.jsonl:1 (ts is not a time)" in here.err
    assert "fix:" in here.err


@pytest.mark.parametrize("kind", [c for c in FILES if c.code == 3], ids=lambda c: c.name.replace(" ", "-"))
def test_whatever_cannot_be_read_is_answered_with_a_cure(here: Here, kind: Case) -> None:
    assert here("ingest", *kind.more, *kind.build(here.folder)) == 3
    assert here.err.count("\n  fix: ") == here.err.count("tiermix: error: ") >= 1


def test_a_receipt_in_a_form_it_does_not_have_is_refused_before_anything_is_read(here: Here) -> None:
    Path("log.jsonl").write_bytes(jsonl(goods()))
    assert here("ingest", "log.jsonl", "--format", "csv") == 2
    assert not Path("tiermix.duckdb").exists()


def test_explain_goes_over_what_it_cannot_read_in_a_folder(here: Here) -> None:
    # Catches a link that leads nowhere taken for a bug, and a first bad file that hides all others.
    logs = here.folder / "logs"
    logs.mkdir()
    (logs / "a.jsonl").symlink_to("gone.jsonl")
    (logs / "b.jsonl").symlink_to("b.jsonl")
    (logs / "c.json").write_text('{"name": "x", "version": 2}')
    (logs / "d.jsonl").write_bytes(b"")
    (logs / "e.jsonl").write_bytes(jsonl(goods()))
    assert here("ingest", "--explain", "logs") == 3
    assert "e.jsonl:native" in "".join(here.out.split())  # wherever a long path is broken
    assert [name for name in "abcd" if f"/{name}.json" in here.err] == list("abcd")
    for name in ("a.jsonl", "b.jsonl"):
        assert here("ingest", "--explain", logs / name) == 3
        assert "cannot read the file" in here.err
        (logs / name).unlink()
    assert here("ingest", "--explain", "logs") == 0, here.err


@pytest.mark.parametrize("kind", [c for c in FILES if c.code == 3], ids=lambda c: c.name.replace(" ", "-"))
def test_explain_has_no_other_opinion_of_what_can_be_read_than_ingest(here: Here, kind: Case) -> None:
    # Catches a head that is looked at otherwise than the file: Parquet inside gzip, say.
    words = kind.build(here.folder)
    assert here("ingest", *kind.more, *words) == 3
    store = here.folder / "tiermix.duckdb"
    stored = store.exists() and here.rows("SELECT count(*) FROM ledger WHERE lines > 0") != [(0,)]
    code = here("ingest", "--explain", *words)
    assert code == 3 or stored, here.out
