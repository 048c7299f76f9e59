"""Files, folders, pipes and devices, and the receipt of each: the second half of the corpus behind `test_corpus`."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import random
import socket
import sqlite3
import tarfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import zstandard

from tests.corpus import GOOD, MOMENT, good, goods, jsonl


@dataclass(frozen=True)
class Case:
    """A file or whatever else the command line may name, and the receipt of its ingest.

    Attributes:
        build: makes it in a folder and returns the words of the command line.
        accepted, duplicate, quarantined: lines; their sum is what was read.
        code: the exit code, with `--max-bad 1` as below.
        says: what stderr or the reason in the quarantine says.
        ids: the requests that must be in the store; None for those of `goods(accepted)`.
        more: options of the command line.
    """

    name: str
    build: Callable[[Path], Sequence[str | Path]]
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    code: int = 0
    says: str = ""
    ids: frozenset[str] | None = None
    more: tuple[str, ...] = field(default=("--max-bad", "1"))


FILES: list[Case] = []


def case(accepted: int = 0, quarantined: int = 0, **more: Any) -> Callable[[Any], Any]:
    """Registers a builder; its name is that of the kind."""

    def register(build: Callable[[Path], Sequence[str | Path]]) -> Any:
        name = build.__name__.strip("_").replace("_", " ")
        FILES.append(Case(name, build, accepted, quarantined=quarantined, **more))
        return build

    return register


def file(
    name: str, content: bytes, accepted: int = 0, quarantined: int = 0, *, path: str = "log.jsonl", **more: Any
) -> None:
    """Registers a kind that is one file of fixed content."""

    def build(folder: Path) -> Sequence[str]:
        (folder / path).write_bytes(content)
        return [path]

    FILES.append(Case(name, build, accepted, quarantined=quarantined, **more))


SIX = jsonl(goods())

# --- nothing, or nothing that is a log
EMPTY: dict[str, Any] = {"code": 3, "says": "not a single line"}
file("empty file", b"", **EMPTY)
file("only newlines", b"\n" * 999, **EMPTY)
file("only blanks", b" \t\r\n\v\f" * 999, **EMPTY)
file("only a byte order mark", b"\xef\xbb\xbf", **EMPTY)
file("40 MB of blanks before the records", b" \n" * (20 << 20) + SIX, GOOD)
file("empty list", b"[]", code=3, says="no JSON object")
file("empty lists", b"[]\n[]\n[]\n", code=3, says="no JSON object")
file("words", b"plain words\nand more\n", code=3, says="no JSON object")
file("zeros", b"\x00" * 5000, code=3, says="no JSON object")
file("random bytes", random.Random(7).randbytes(200_000), code=3, says="no JSON object")
file("top level numbers", b"1\n2\n3\n", code=3, says="no JSON object")
file("list of numbers", b"[1, 2, 3]", code=3, says="no JSON object")
file("picture", b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000), code=3, says="a PNG picture")
file("document", b"%PDF-1.7\n" + SIX, code=3, says="a PDF document")
file("program", b"\x7fELF" + bytes(600), code=3, says="a program")
file("bzip2", b"BZh91AY&SY" + bytes(90), code=3, says="packed with bzip2", path="log.jsonl.bz2")
file("BZh as text", b"BZh is how this line begins\n" + SIX, GOOD, 1)
file("xz", lzma.compress(SIX), code=3, says="packed with xz", path="log.jsonl.xz")
file("lz4", b"\x04\x22\x4d\x18" + bytes(90), code=3, says="packed with lz4")
file("another product", jsonl([{"name": "x", "version": 2, "scripts": {}}] * 3), code=3, says="its fields are: name")
file(
    "records as text in those of a log driver",
    jsonl([{"log": json.dumps(r) + "\n", "stream": "stdout", "time": r["ts"]} for r in goods()]),
    GOOD,
)
file("texts of a log driver that are no record", jsonl([{"log": "ready\n"}] * 3), code=3, says="its fields are: log")
file(
    "log of no dialect with a time",
    jsonl([{"ts": MOMENT, "level": "info"}] * 3),
    code=3,
    says="its fields are: level, ts",
)


@case(code=3, says="an SQLite database")
def sqlite_database(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "log.jsonl") as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    return ["log.jsonl"]


@case(code=3, says="a zip archive")
def zip_archive(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "log.jsonl", "w") as z:
        z.writestr("a.jsonl", SIX)
    return ["log.jsonl"]


def _tar(folder: Path, name: str, mode: Any) -> list[str]:
    with tarfile.open(folder / name, mode) as t:
        info = tarfile.TarInfo("a.jsonl")
        info.size = len(SIX)
        t.addfile(info, io.BytesIO(SIX))
    return [name]


@case(code=3, says="a tar archive")
def tar_archive(folder: Path) -> list[str]:
    return _tar(folder, "log.jsonl", "w")


@case(code=3, says="a tar archive")
def packed_tar_archive(folder: Path) -> list[str]:
    return _tar(folder, "log.jsonl.gz", "w:gz")


# --- packing
PACKED = gzip.compress(SIX)
FRAME = zstandard.ZstdCompressor(write_checksum=True).compress(SIX)
DAMAGED: dict[str, Any] = {"code": 3, "says": "damaged"}
file("gzip named jsonl", PACKED, GOOD)
file("jsonl named gzip", SIX, GOOD, path="log.jsonl.gz")
file("zstd named gzip", FRAME, GOOD, path="log.jsonl.gz")
file("gzip of many members", b"".join(gzip.compress(jsonl([r])) for r in goods()), GOOD, path="log.jsonl.gz")
file("gzip with a member cut in a line", gzip.compress(SIX[:200]) + gzip.compress(SIX[200:]), GOOD, path="log.jsonl.gz")
file("gzip with an empty member", gzip.compress(b"") + PACKED, GOOD, path="log.jsonl.gz")
file("gzip padded with zeros", PACKED + bytes(5000), GOOD, path="log.jsonl.gz")
file("gzip with junk behind", PACKED + b"trailing garbage", GOOD, path="log.jsonl.gz", **DAMAGED)
file("gzip with a wrong checksum", PACKED[:-8] + b"\1\2\3\4" + PACKED[-4:], GOOD, path="log.jsonl.gz", **DAMAGED)
file("gzip with a wrong length", PACKED[:-4] + b"\1\2\3\4", GOOD, path="log.jsonl.gz", **DAMAGED)
file("gzip without its last byte", PACKED[:-1], GOOD, path="log.jsonl.gz", **DAMAGED)
file("gzip header alone", PACKED[:12], path="log.jsonl.gz", **DAMAGED)
file("gzip of nothing", gzip.compress(b""), path="log.jsonl.gz", **EMPTY)
file("gzip of gzip", gzip.compress(PACKED), code=3, says="packed twice", path="log.jsonl.gz.gz")
file("gzip magic and junk", b"\x1f\x8b\x08\x00 no gzip at all", path="log.jsonl.gz", **DAMAGED)
file("Parquet in gzip", gzip.compress(b"PAR1" + bytes(99)), code=3, says="Parquet inside", path="log.parquet.gz")
file("zstd of many frames", b"".join(zstandard.compress(jsonl([r])) for r in goods()), GOOD, path="log.jsonl.zst")
file("zstd behind a skippable frame", b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + FRAME, GOOD, path="log.jsonl.zst")
file("zstd with a wrong checksum", FRAME[:-4] + b"\1\2\3\4", path="log.jsonl.zst", code=3, says="damaged")
file("zstd with junk behind", FRAME + b"trailing garbage", GOOD, path="log.jsonl.zst", **DAMAGED)
file("zstd of nothing", zstandard.compress(b""), path="log.jsonl.zst", **EMPTY)
file("zstd header alone", FRAME[:7], path="log.jsonl.zst", **DAMAGED)
file(
    "1 GB of one line, packed",
    gzip.compress(b"x" * (1 << 28), 1) * 4 + gzip.compress(b"\n" + SIX),
    GOOD,
    1,
    says="longer than 64 MiB",
    path="log.jsonl.gz",
)
file(
    "1 GB of blanks, packed",
    gzip.compress(SIX[:200]) + gzip.compress(b"\n" * 65536 + b" " * (1 << 28), 1) * 4 + gzip.compress(SIX[200:]),
    GOOD - 1,
    2,
    path="log.jsonl.gz",
    ids=frozenset({"g0", "g2", "g3", "g4", "g5"}),
)


# --- text
file("crlf", SIX.replace(b"\n", b"\r\n"), GOOD)
file("carriage returns alone", SIX.replace(b"\n", b"\r"), GOOD)
file("carriage returns with a broken record", b'{"ts": \r' + SIX.replace(b"\n", b"\r"), GOOD, 1)
file("no last newline", SIX.rstrip(), GOOD)
file("blank lines between", SIX.replace(b"\n", b"\n\n  \n\t\r\n\v\n"), GOOD)
file("utf-8 with a byte order mark", b"\xef\xbb\xbf" + SIX, GOOD)
file("utf-8 with a byte order mark, broken", b"\xef\xbb\xbf" + SIX + b"broken\n", GOOD, 1)
for _name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
    file(_name, SIX.decode().encode(_name), GOOD)
for _name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
    file(f"{_name} behind a blank line", ("\r\n" + SIX.decode()).encode(_name), GOOD)
file("utf-16 cut in a character", SIX.decode().encode("utf-16-le") + b"{", GOOD, 1, says="not")
file("utf-16 with a lone surrogate", (SIX.decode() + '{"ts": "\ud800"}\n').encode("utf-16", "surrogatepass"), GOOD, 1)
file("a line of utf-16 before those of utf-8", "{}".encode("utf-16-le") + b"\n" + SIX, GOOD, 1)
file(
    "utf-32 with no character in it",
    SIX.decode().encode("utf-32") + b"{\0\0\0\xff\xff\xff\xff",
    GOOD,
    1,
    says="not UTF-8",
)
file("utf-16 packed", gzip.compress(SIX.decode().encode("utf-16")), GOOD, path="log.jsonl.gz")
file(
    "latin-1",
    SIX + '{"ts": "2026-11-12T00:00:00Z", "tier": "café"}\n'.encode("latin-1"),
    GOOD,
    1,
    says="not UTF-8 at byte",
)
file("a sparse file after copytruncate", bytes(100_000) + b"\n" + SIX, GOOD, 1)
file("2000 broken lines first", b'{"ts": "2026-11-\n' * 2000 + SIX, GOOD, 2000)
file("3 MB of junk first", b"j" * (3 << 20) + b"\n" + SIX, GOOD, 1)
file("3 MB record first", jsonl([good(0, prompt="p" * (3 << 20))]) + jsonl(goods(5, 1)), GOOD)
file("3 MB record first, its fields last", b'{"prompt": "' + b"p" * (3 << 20) + b'", ' + SIX[1:], GOOD)
file("a record of 17 MiB", jsonl([*goods(5), good(5, prompt="p" * (17 << 20))]), GOOD)
file("a record of 31 MiB", jsonl([*goods(5), good(5, prompt="p" * (31 << 20))]), GOOD)
file("a record of 31 MiB, cut", SIX + b'{"prompt": "' + b"p" * (31 << 20) + b"\n", GOOD, 1, says="not JSON")
file("a record of 50 MB", jsonl([*goods(3), good(3, prompt="p" * 50_000_000), good(4), good(5)]), GOOD)
file(
    "a record of 50 MB, cut",
    SIX + b'{"prompt": "' + b"p" * 50_000_000 + b"\n" + jsonl([good(6)]),
    GOOD + 1,
    1,
    says="not JSON",
)
file("a record of 50 MB, junk behind", SIX + b'{"prompt": "' + b"p" * 50_000_000 + b'"} x\n', GOOD, 1, says="not JSON")
file("a text of 40 MB that is read", jsonl([*goods(5), good(5, tenant="t" * 40_000_000)]), GOOD)
file("a record of 65 MiB", jsonl([*goods(), good(6, prompt="p" * (65 << 20))]), GOOD, 1, says="longer than 64 MiB")
file(
    "a record of 20 MB of numbers",
    jsonl(goods())
    + b'{"ts": "'
    + MOMENT.encode()
    + b'", "request_id": "g6", "tier": "primary", "x": ['
    + b"1," * 10_000_000
    + b"1]}\n",
    GOOD + 1,
)


# --- JSON that is no list of lines
ARRAY = json.dumps(goods()).encode()
PRETTY = json.dumps(goods(), indent=2).encode()
OBJECTS = "\n".join(json.dumps(r | {"attempts": [{"model": "m"}]}, indent=2) for r in goods()).encode()
file("array", ARRAY, GOOD, path="log.json")
file("array over lines", PRETTY, GOOD, path="log.json")
file("array cut off", ARRAY[:-20], GOOD - 1, 1, says="cut off", path="log.json")
file("array cut behind a comma", ARRAY[: ARRAY.rindex(b"{")], GOOD - 1, path="log.json")
file("array without its end", ARRAY[:-1], GOOD, path="log.json")
file("array over lines cut off", PRETTY[:-40], GOOD - 1, 1, path="log.json")
file("array with a comma before its end", ARRAY[:-1] + b",]", GOOD, path="log.json")
file("array with a broken element", ARRAY.replace(b"}, {", b'}, {"ts": nope}, {"ts": , {', 1), GOOD, 2, path="log.json")
file(
    "array over lines with broken elements",
    PRETTY.replace(b"\n  {", b'\n  {"ts": "un\n  {"ts" 1}\n  {', 1),
    GOOD,
    2,
    path="log.json",
)
file(
    "array with an open text",
    ARRAY.replace(b'"primary"', b'"primary', 1),
    GOOD - 1,
    1,
    path="log.json",
    ids=frozenset({"g1", "g2", "g3", "g4", "g5"}),
)
file("array with other things", ARRAY[:-1] + b', 1, "x", null, {}, [], [[]], true]', GOOD, 5, path="log.json")
file("arrays of arrays", json.dumps([goods(3), [goods(2, 3)], goods(1, 5)]).encode(), GOOD, path="log.json")
file("array lines", b"".join(json.dumps(goods(2, n)).encode() + b"\n" for n in (0, 2, 4)), GOOD)
file(
    "array lines with a broken one",
    b"".join(json.dumps(goods(2, n)).encode() + b"\n" for n in (0, 2, 4)) + b"[{\n",
    GOOD,
    1,
)
file(
    "object lines and an array line",
    jsonl(goods(4)) + json.dumps(goods(2, 4)).encode() + b"\n",
    4,
    1,
    says="not a JSON object",
)
file(
    "array of 5 MB records",
    json.dumps([good(n, prompt="p" * 5_000_000) for n in range(3)]).encode(),
    3,
    path="log.json",
)
file("array behind an array", json.dumps(goods(3)).encode() + json.dumps(goods(3, 3)).encode(), GOOD, path="log.json")
file("one object cut off", jsonl(goods(1))[:-20], 0, 1, says="cut off", path="log.json")
file(
    "one object over lines cut off", json.dumps(good(0), indent=2).encode()[:-20], 0, 1, says="cut off", path="log.json"
)
file("objects without newlines", SIX.replace(b"\n", b""), GOOD, path="log.json")
file("objects with commas at the line ends", SIX.replace(b"}\n", b"},\n"), GOOD, path="log.json")
file("objects with commas but at the last line", SIX.replace(b"}\n", b"},\n")[:-2] + b"\n", GOOD, path="log.json")
file("objects over lines", OBJECTS, GOOD, path="log.json")
file(
    "objects over lines, one of them broken",
    OBJECTS.replace(b'"g2",', b'"g2', 1),
    GOOD - 1,
    1,
    path="log.json",
    ids=frozenset({"g0", "g1", "g3", "g4", "g5"}),
)
file("objects over lines, the last one cut", OBJECTS[:-30], GOOD - 1, 1, path="log.json")
file("one object over lines", json.dumps(good(0), indent=4).encode(), 1, path="log.json")
file(
    "one object of 9 MB, its fields last",
    b'{"prompt":\n "' + b"p" * 9_000_000 + b'",\n' + json.dumps(good(0)).encode()[1:],
    1,
    path="log.json",
)
file("JSON text sequence", b"".join(b"\x1e" + x for x in SIX.splitlines(keepends=True)), GOOD, path="log.json")
file(
    "JSON text sequence with a record cut in a key",
    SIX.replace(b'{"', b'\x1e{"').replace(b', "served_model": "gpt-5", "latency_ms": 12.5}\n', b', "ser', 1),
    GOOD - 1,
    1,
    path="log.json",
    ids=frozenset({"g1", "g2", "g3", "g4", "g5"}),
)
file(
    "two dialects in one file",
    SIX
    + b'{"id": "a", "created_at": "2026-11-12T00:00:00Z", "provider": "p", "model": "m", "cached": false, "step": 0}\n',
    GOOD,
    1,
    says="with the fields of this source",
)


# --- CSV
HEAD = b"ts,request_id,tier,tenant\n"
ROWS = [f"2026-11-12T10:00:{n:02}Z,g{n},primary,acme\n".encode() for n in range(GOOD)]
CSV = HEAD + b"".join(ROWS)
file("csv", CSV, GOOD, path="log.csv")
file("csv with a byte order mark", b"\xef\xbb\xbf" + CSV, GOOD, path="log.csv")
file("csv with semicolons", CSV.replace(b",", b";"), GOOD, path="log.csv")
file("csv with tabs", CSV.replace(b",", b"\t"), GOOD, path="log.tsv")
file("csv with crlf", CSV.replace(b"\n", b"\r\n"), GOOD, path="log.csv")
file("csv with carriage returns", CSV.replace(b"\n", b"\r"), GOOD, path="log.csv")
file("csv packed", gzip.compress(CSV), GOOD, path="log.csv.gz")
file("csv in utf-16", CSV.decode().encode("utf-16"), GOOD, path="log.csv")
file(
    "csv with ragged rows",
    CSV + b"2026-11-12T10:00:00Z,x\n2026-11-12T10:00:00Z,y,primary,a,b,c\n",
    GOOD,
    2,
    says="fields and the header 4",
    path="log.csv",
)
PADDED = 'ts, "request_id" ,tier,reason\n' + "".join(
    f'{r["ts"]}, "{r["request_id"]}"  ,"{r["tier"]}" , "a ""b"" , c\n d" \n' for r in goods()
)
file("csv with spaces around quotes", PADDED.encode(), GOOD, path="log.csv")
file("csv with spaces around quotes and a bad row", (PADDED + "x\n").encode(), GOOD, 1, path="log.csv")
file("csv cut off", CSV + b"2026-11-12T10:00:00Z,g9,pri", GOOD, 1, says="the row has 3 fields", path="log.csv")
file("csv with quoted newlines", CSV + b'2026-11-12T10:00:00Z,g6,primary,"a\nb\n""c"""\n', GOOD + 1, path="log.csv")
file(
    "csv with a stray quote", HEAD + b'2026-11-12T10:00:00Z,x,"primary,acme\n' + b"".join(ROWS), GOOD, 1, path="log.csv"
)
file("csv with an open quote at its end", CSV + b'2026-11-12T10:00:00Z,x,primary,"acme\n', GOOD, 1, path="log.csv")
file("csv with an index column", b"," + b"0,".join(CSV.splitlines(keepends=True)), GOOD, path="log.csv")
file(
    "csv with two columns of one name",
    b"ts,request_id,tier,tier\n" + b"".join(ROWS),
    code=3,
    says="two columns of the CSV file are named 'tier'",
    path="log.csv",
)
file("csv with a header alone", HEAD, path="log.csv", **EMPTY)
file("csv with blank rows", CSV.replace(b"\n", b"\n\n"), GOOD, path="log.csv")
file(
    "csv with a latin-1 row",
    CSV + b"2026-11-12T10:00:00Z,x,primary,caf\xe9\n",
    GOOD,
    1,
    says="not UTF-8 at byte",
    path="log.csv",
)
file("csv with impossible values", CSV + b"never,x,primary,acme\n2026-11-12T10:00:00Z,y,,\n", GOOD, 2, path="log.csv")
file(
    "csv with a row that looks like a comment",
    CSV + b"#2026,x,primary,acme\n",
    GOOD,
    1,
    says="ts is not a time",
    path="log.csv",
)
file("csv with rows that end with a delimiter", HEAD + b"".join(r[:-1] + b",\n" for r in ROWS), GOOD, path="log.csv")
file(
    "csv with some rows that end with a delimiter",
    CSV + b"2026-11-12T10:00:00Z,g6,primary,acme,\n2026-11-12T10:00:00Z,y,primary,acme,,\n",
    GOOD + 1,
    1,
    says="the row has 6 fields",
    path="log.csv",
)
file("csv with blanks between rows", CSV.replace(b"\n", b"\n   \n"), GOOD, path="log.csv")
file(
    "csv with rows of delimiters alone",
    HEAD + b",,,\n" + b"".join(ROWS) + b"never,x,primary,acme\n",
    GOOD,
    2,
    says="the row has only empty fields",
    path="log.csv",
)
file("csv with a latin-1 name of a column", CSV.replace(b"tenant", b"caf\xe9"), GOOD, path="log.csv")
file("csv of mostly ragged rows", HEAD + b"2026,x\n" * 100 + b"".join(ROWS), GOOD, 100, path="log.csv")
file(
    "csv with a row of 65 MiB",
    HEAD + b"2026-11-12T10:00:00Z,x,primary," + b"a" * (65 << 20) + b"\n" + b"".join(ROWS) + b"broken\n",
    GOOD,
    2,
    says="longer than 64 MiB",
    path="log.csv",
)
file(
    "csv with an open quote before a row of 65 MiB",
    CSV + b'2026-11-12T10:00:00Z,x,primary,"a\n' + b"a" * (65 << 20) + b"\n2026-11-12T10:00:00Z,g6,primary,acme\n",
    GOOD + 1,
    2,
    says="longer than 64 MiB",
    path="log.csv",
)


# --- Parquet
def _parquet(folder: Path, frame: polars.DataFrame, name: str = "log.parquet", **more: Any) -> list[str]:
    frame.write_parquet(folder / name, **more)
    return [name]


def _frame(count: int = GOOD, first: int = 0, **columns: Any) -> polars.DataFrame:
    made = polars.DataFrame(goods(count, first))
    return made.with_columns(**columns) if columns else made


@case(GOOD)
def parquet_named_jsonl(folder: Path) -> list[str]:
    return _parquet(folder, _frame(), "log.jsonl")


@case(code=3, says="Parquet file cannot be read")
def parquet_with_its_footer_cut(folder: Path) -> list[str]:
    _parquet(folder, _frame())
    path = folder / "log.parquet"
    path.write_bytes(path.read_bytes()[:-40])
    return ["log.parquet"]


@case(GOOD, code=3, says="Parquet file cannot be read")
def parquet_with_a_column_of_less_than_nothing_beside_a_good_one(folder: Path) -> list[str]:
    # DuckDB 2.0 fails at it in a way after which it takes no more statements.
    import duckdb

    for name in ("a", "b"):
        _parquet(folder, _frame(), f"{name}.parquet", compression="uncompressed", statistics=False)
    path = folder / "b.parquet"
    sizes = duckdb.execute("SELECT total_compressed_size FROM parquet_metadata($path)", {"path": str(path)}).fetchall()
    size = 2 * int(sizes[-1][0])  # as Thrift writes it: the lowest bit is the sign
    varint = bytes([0x16, size & 0x7F | 0x80, size >> 7] if size > 0x7F else [0x16, size])
    content = path.read_bytes()
    assert content.count(2 * varint) > 0
    at = content.rindex(2 * varint) + len(varint) + 1
    path.write_bytes(content[:at] + bytes([content[at] | 1]) + content[at + 1 :])
    return ["a.parquet", "b.parquet"]


@case(code=3, says="Parquet file cannot be read")
def parquet_of_four_bytes(folder: Path) -> list[str]:
    (folder / "log.parquet").write_bytes(b"PAR1")
    return ["log.parquet"]


@case(code=3, says="Parquet file cannot be read")
def parquet_with_a_wrong_end(folder: Path) -> list[str]:
    _parquet(folder, _frame())
    path = folder / "log.parquet"
    path.write_bytes(path.read_bytes()[:-4] + b"PAR2")
    return ["log.parquet"]


@case(code=3, says="encrypted footer")
def parquet_encrypted(folder: Path) -> list[str]:
    (folder / "log.parquet").write_bytes(b"PARE" + bytes(100) + b"PARE")
    return ["log.parquet"]


@case(**EMPTY)
def parquet_without_rows(folder: Path) -> list[str]:
    return _parquet(folder, _frame().clear())


def _when(unit: Any) -> polars.Series:
    start = datetime(2026, 11, 12, 10, tzinfo=UTC)
    return polars.Series("ts", [start + timedelta(seconds=n) for n in range(GOOD)]).dt.cast_time_unit(unit)


for _unit in ("ms", "us", "ns"):

    @case(GOOD)
    def _timestamps(folder: Path, unit: str = _unit) -> list[str]:
        return _parquet(folder, _frame(ts=_when(unit)))

    FILES[-1] = Case(f"parquet timestamps in {_unit}", FILES[-1].build, GOOD)


@case(GOOD)
def parquet_timestamps_as_int96(folder: Path) -> list[str]:
    import duckdb

    # No writer at hand makes INT96, so that this is as near as one comes: naive nanoseconds.
    duckdb.execute(f"COPY (SELECT (TIMESTAMP_NS '2026-11-12 10:00:00') AS ts, 'g' || i AS request_id, 'primary' AS tier "
                   f"FROM range({GOOD}) AS t(i)) TO '{folder}/log.parquet'")  # fmt: skip
    return ["log.parquet"]


@case(GOOD)
def parquet_days_for_times(folder: Path) -> list[str]:
    return _parquet(folder, _frame(ts=polars.lit(date(2026, 11, 12))))


@case(GOOD)
def parquet_epochs_as_unsigned_numbers(folder: Path) -> list[str]:
    return _parquet(folder, _frame(ts=polars.lit(1794478504000, polars.UInt64)))


@case(GOOD)
def parquet_decimals_and_categories(folder: Path) -> list[str]:
    cost = polars.lit(Decimal("0.0042")).cast(polars.Decimal(12, 4))
    return _parquet(folder, _frame(cost_usd=cost, tier=polars.col("tier").cast(polars.Categorical)))


@case(GOOD - 1, 1, says="ts is missing", ids=frozenset({"g0", "g1", "g3", "g4", "g5"}))
def parquet_with_a_bad_row(folder: Path) -> list[str]:
    return _parquet(folder, _frame(ts=polars.Series("ts", [None if n == 2 else MOMENT for n in range(GOOD)])))


@case(GOOD - 1, 1, says="ts is not a time", ids=frozenset({"g0", "g1", "g3", "g4", "g5"}))
def parquet_with_a_time_beyond_all_years(folder: Path) -> list[str]:
    ts = _when("ms").to_physical().scatter(2, 2**62).cast(polars.Datetime("ms"))
    return _parquet(folder, _frame(ts=ts))


@case(GOOD - 1, 1, says="not UTF-8", ids=frozenset({"g0", "g1", "g3", "g4", "g5"}))
def parquet_with_a_text_that_is_not_utf8(folder: Path) -> list[str]:
    _parquet(folder, _frame(tenant=polars.format("team{}", polars.col("request_id"))), compression="uncompressed")
    path = folder / "log.parquet"
    path.write_bytes(path.read_bytes().replace(b"teamg2", b"team\xff2"))
    return ["log.parquet"]


@case(GOOD)
def parquet_with_bytes_for_texts(folder: Path) -> list[str]:
    return _parquet(folder, _frame().with_columns(polars.col(polars.String).cast(polars.Binary)))


@case(0, GOOD, says="ts lies before 2000")
def parquet_with_durations_for_times(folder: Path) -> list[str]:
    return _parquet(folder, _frame(ts=polars.lit(timedelta(seconds=5))))


@case(0, GOOD, says="served_model is not a text")
def parquet_with_lists_for_texts(folder: Path) -> list[str]:
    return _parquet(folder, _frame(served_model=polars.concat_list(polars.lit("a"))))


@case(0, GOOD, says="latency_ms is not a number")
def parquet_with_words_for_numbers(folder: Path) -> list[str]:
    return _parquet(folder, _frame(latency_ms=polars.lit("fast")))


@case(0, GOOD, says="attempts is not a list")
def parquet_with_words_for_lists(folder: Path) -> list[str]:
    return _parquet(folder, _frame(attempts=polars.lit("none")))


@case(GOOD)
def parquet_with_odd_columns(folder: Path) -> list[str]:
    return _parquet(
        folder,
        _frame(
            file=polars.lit(1), line=polars.lit(2), TS=polars.lit("x"), filename=polars.lit("y"), bad=polars.lit("z")
        ),
    )


@case(GOOD * 4)
def parquet_evolved_over_files(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    _parquet(folder, _frame(), "logs/a.parquet")
    _parquet(folder, _frame(first=GOOD, cost_usd=polars.lit(0.5), tenant=polars.lit("acme")), "logs/b.parquet")
    _parquet(
        folder,
        _frame(first=2 * GOOD, tenant=polars.lit(7), cost_usd=polars.lit("0.5"), latency_ms=polars.lit(3)),
        "logs/c.parquet",
    )
    attempt = polars.concat_list(polars.struct(model=polars.lit("m"), error=polars.lit("429")))
    _parquet(folder, _frame(first=3 * GOOD, attempts=attempt, latency_ms=polars.lit("4")), "logs/d.parquet")
    return ["logs"]


@case(GOOD)
def parquet_in_a_folder_named_like_a_column(folder: Path) -> list[str]:
    (folder / "tier=injected" / "request_id=same").mkdir(parents=True)
    _parquet(folder, _frame(), "tier=injected/request_id=same/log.parquet")
    return ["tier=injected"]


# --- names, links, devices
ODD_NAMES = {
    "a quote": "it's \"quoted\".jsonl", "a newline": "two\nlines.jsonl", "pattern characters": "[a-z]*?{b}.jsonl",
    "a percent sign": "%s%20.jsonl", "Unicode": "журнал-日誌-👩.jsonl", "255 bytes": "n" * 249 + ".jsonl", "a dash": "-v.jsonl",
    "a backslash": "a\\b\\*.jsonl", "ANSI": "\x1b[31mred.jsonl", "right to left": "\u202elnosj.jsonl", "a blank": " x .jsonl",
    "a tilde and a dollar": "~$HOME.jsonl", "SQL": "'); DROP TABLE request_log; --.jsonl", "a column": "tier=x.jsonl",
}  # fmt: skip
for _name, _path in ODD_NAMES.items():

    @case(GOOD)
    def _odd_name(folder: Path, path: str = _path) -> list[str]:
        (folder / path).write_bytes(SIX)
        return ["--", path]

    FILES[-1] = Case(f"a name with {_name}", FILES[-1].build, GOOD)


@case(GOOD)
def a_name_that_is_no_text(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/logs/caf\xe9.jsonl")).write_bytes(SIX)
    return ["logs"]


@case(code=2, says="no log file matches")
def a_name_that_is_too_long(folder: Path) -> list[str]:
    return ["n" * 5000 + ".jsonl"]


FILES[-1] = Case(FILES[-1].name, FILES[-1].build, code=3, says="no log file matches")


@case(GOOD)
def a_folder_named_like_a_file(folder: Path) -> list[str]:
    (folder / "a.jsonl").mkdir()
    (folder / "a.jsonl" / "b.jsonl").write_bytes(SIX)
    return ["a.jsonl"]


@case(GOOD)
def a_folder_named_like_a_file_in_a_folder(folder: Path) -> list[str]:
    (folder / "logs" / "a.jsonl").mkdir(parents=True)
    (folder / "logs" / "a.jsonl" / "b.jsonl").write_bytes(SIX)
    return ["logs"]


@case(code=3, says="cannot read the file")
def a_file_that_cannot_be_read(folder: Path) -> list[str]:
    return ["/proc/self/mem"]  # not even by root


@case(GOOD, code=3, says="cannot read the file")
def a_file_that_cannot_be_read_beside_a_good_one(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    (folder / "logs" / "a.jsonl").symlink_to("/proc/self/mem")
    (folder / "logs" / "b.jsonl").write_bytes(SIX)
    return ["logs"]


@case(code=3, says="symbolic links")
def a_link_to_itself(folder: Path) -> list[str]:
    (folder / "log.jsonl").symlink_to("log.jsonl")
    return ["log.jsonl"]


@case(code=3, says="No such file")
def a_link_to_nothing(folder: Path) -> list[str]:
    (folder / "log.jsonl").symlink_to("gone.jsonl")
    return ["log.jsonl"]


@case(GOOD, says="left out")
def links_that_lead_nowhere_beside_a_good_file(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    (folder / "logs" / "a.jsonl").symlink_to("gone.jsonl")
    (folder / "logs" / "b.jsonl").symlink_to("b.jsonl")
    (folder / "logs" / "c").symlink_to(folder / "logs")  # a folder inside itself
    (folder / "logs" / "d.jsonl").write_bytes(SIX)
    return ["logs"]


@case(GOOD)
def a_pattern_over_links_that_go_in_circles(folder: Path) -> list[str]:
    (folder / "logs" / ".hidden").mkdir(parents=True)
    (folder / "logs" / ".hidden" / "b.jsonl").write_bytes(SIX)
    (folder / "logs" / "a.jsonl").write_bytes(SIX)
    for name in ("up", "round"):  # with two of them there are more ways than anybody can follow
        (folder / "logs" / name).symlink_to("..")
    return ["log*/**/*.jsonl"]


@case(GOOD)
def the_same_file_by_two_names(folder: Path) -> list[str]:
    (folder / "a.jsonl").write_bytes(SIX)
    (folder / "b.jsonl").symlink_to("a.jsonl")
    return ["a.jsonl", "b.jsonl"]


FILES[-1] = Case(FILES[-1].name, FILES[-1].build, GOOD, duplicate=GOOD)


@case(GOOD)
def a_pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / "pipe.jsonl")
    threading.Thread(target=(folder / "pipe.jsonl").write_bytes, args=(SIX,), daemon=True).start()
    return ["pipe.jsonl"]


@case(code=3, says="to which nobody writes")
def a_pipe_to_which_nobody_writes(folder: Path) -> list[str]:
    os.mkfifo(folder / "pipe.jsonl")
    return ["pipe.jsonl"]


@case(GOOD, says="it is a pipe")
def a_pipe_and_a_socket_in_a_folder(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    os.mkfifo(folder / "logs" / "a.jsonl")
    here = os.getcwd()
    os.chdir(folder / "logs")  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("b.jsonl")
    finally:
        os.chdir(here)
    (folder / "logs" / "c.jsonl").write_bytes(SIX)
    return ["logs"]


@case(code=3, says="it is a device")
def an_endless_device(folder: Path) -> list[str]:
    return ["/dev/zero"]


@case(code=3, says="it is a device")
def a_device_with_nothing(folder: Path) -> list[str]:
    return ["/dev/null"]


@case(GOOD)
def a_link_to_a_log(folder: Path) -> list[str]:
    (folder / "real.log").write_bytes(SIX)
    (folder / "log.jsonl").symlink_to("real.log")
    return ["log.jsonl"]


@case(2 * GOOD, 1, code=3, says="damaged")
def a_folder_of_good_and_damaged_files(folder: Path) -> list[str]:
    (folder / "logs").mkdir()
    (folder / "logs" / "a.jsonl").write_bytes(SIX + b"broken\n")
    (folder / "logs" / "b.jsonl.gz").write_bytes(gzip.compress(jsonl(goods(GOOD, GOOD)))[:-3])
    (folder / "logs" / "c.parquet").write_bytes(b"PAR1 no parquet")
    (folder / "logs" / "d.json").write_bytes(b'{"name": "package"}')
    (folder / "logs" / "e.jsonl").write_bytes(b"")
    return ["logs"]
