"""Looks at the head of a log file: how it is packed, and what its records look like."""

from __future__ import annotations

import codecs
import json
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Literal, NamedTuple

from tiermix.errors import UnknownSource, UnreadableFile
from tiermix.sources import jsonscan
from tiermix.sources.drivers import behind, unpacked
from tiermix.sources.packing import HEAD, Packing, blocks, foreign, packing_of, unreadable
from tiermix.sources.records import TOO_LONG, Record, lines, recoded, values
from tiermix.sources.tables import Table, doubtful_table, plain_table

Container = Literal["lines", "arrays", "array", "values", "csv", "parquet", "empty"]
Keys = tuple[frozenset[str], ...]

_PARQUET = b"PAR1"
_HEAD_BYTES = 1 << 20
SAMPLE_RECORDS = 50
# A longer record is not built to learn its keys.
_BUILT_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Where the first two characters of a log, which are ASCII, have their zeros.
_ZEROS = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}
# How a line in UTF-8 begins. In UTF-16 the same bytes would be characters that do not follow each other in any log.
_PLAIN_RECORD = b'\n{"'
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the head of a file shows.

    Attributes:
        container: one JSON object a line (`lines`), one array of objects a line (`arrays`), one array (`array`), other
            JSON values one after the other (`values`), `csv` with a header, `parquet`, or `empty`.
        packing: the compression, found from the first bytes and not from the name.
        keys: the top-level keys of each of the first records.
        encoding: `utf-8`, or what a byte order mark or the zeros between the characters say.
        delimiter: of CSV.
        above: lines above the header of CSV, such as a title.
        inside: the members, one in another, of the enclosing objects in which the records stand.
        text: None where they stand as they are; else they are text in the member of this name, or, where that is empty,
            behind something else at the end of each line.
        cut: nothing is in it but an object that does not end; `keys` are those that it shows.
        types: of Parquet, the name and type of each column.
    """

    container: Container
    packing: Packing
    keys: Keys
    encoding: str = "utf-8"
    delimiter: str = ","
    above: int = 0
    inside: tuple[str, ...] = ()
    text: str | None = None
    cut: bool = False
    types: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether DuckDB can read the file as it is. It stops after the first array of one."""
        moved = self.above or self.text is not None
        return self.encoding == "utf-8" and self.container not in ("array", "values") and not moved


def sample(path: Path) -> Sample:
    """Reads the head of a file, and as much more as it takes to find the first record.

    Raises:
        UnreadableFile: it cannot be opened or decompressed, or is of a format that holds no log.
        UnknownSource: it is no file.
    """
    try:
        mode = path.stat().st_mode
        if kind := next((name for is_kind, name in _KINDS if is_kind(mode)), ""):
            raise UnknownSource(f"it is {kind} and no file", where=str(path), hint="name log files, or - for stdin")
        with path.open("rb") as raw:
            magic = raw.read(HEAD)
        if magic.startswith(_PARQUET):
            return Sample("parquet", "none", ())
        packing = packing_of(magic)
        _refuse_foreign(path, magic)
        head, ended = head_of(blocks(path, packing))
        if packing != "none":
            _refuse_foreign(path, head)
            if packing_of(head) != "none":
                raise UnreadableFile("it is packed twice", where=str(path), hint="unpack it once")
            if head.startswith(_PARQUET):
                raise UnreadableFile(
                    "it is Parquet inside a packed file, which is not read",
                    where=str(path),
                    hint="unpack it; Parquet is packed in itself",
                )
    except OSError as error:
        raise unreadable(error, str(path)) from error
    if not head:
        return Sample("empty", packing, ())
    encoding = _encoding(head)
    text = b"".join(recoded((head,), encoding))
    if not text.strip():
        return Sample("empty", packing, ())
    shown = _look(text, ended, path)
    if not shown.keys and not shown.cut:
        shown = _look_further(path, packing, encoding, as_lines=shown.container != "values")
    return Sample(
        shown.container, packing, shown.keys, encoding, shown.delimiter, shown.above, text=shown.text, cut=shown.cut
    )


def _refuse_foreign(path: Path, head: bytes) -> None:
    if what := foreign(head):
        hint = (
            "unpack it, or pack it as .gz or .zst" if "pack" in what or "archive" in what else "export it as JSON lines"
        )
        raise UnreadableFile(f"it is {what}, which is not read", where=str(path), hint=hint)


def _encoding(head: bytes) -> str:
    if mark := next((name for mark, name in _MARKS if head.startswith(mark)), ""):
        return mark
    if _PLAIN_RECORD in head:  # only its first line is something else
        return "utf-8"
    return _ZEROS.get("".join("0" if byte == 0 else "x" for byte in head[:4]), "utf-8")


def head_of(stream: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes that are not blank, and whether they are all; what stands before a damage still shows."""
    out: list[bytes] = []
    size = 0
    try:
        for block in stream:
            piece = block if out else _lstrip(block)
            if piece:
                out.append(piece)
                size += len(piece)
            if size >= _HEAD_BYTES:
                return b"".join(out), False
    except UnreadableFile:
        if not out:
            raise
    return b"".join(out), True


def _lstrip(block: bytes) -> bytes:
    """A block without the blanks it begins with; half of a character of UTF-16 is none of them."""
    piece = block.lstrip()
    return block[-len(piece) - 1 :] if piece[:1] == b"\0" else piece


class _Shown(NamedTuple):
    """Of a `Sample`, what the text shows."""

    container: Container
    keys: Keys
    delimiter: str = ","
    above: int = 0
    text: str | None = None
    cut: bool = False


def _look(text: bytes, ended: bool, path: Path) -> _Shown:
    """How the records stand in a text of which this is the head, and which it may be all of."""
    first = list(islice(lines((text,)), SAMPLE_RECORDS + 1))
    if not ended and 1 < len(first) <= SAMPLE_RECORDS:
        first.pop()  # the head ends in it
    first = first[:SAMPLE_RECORDS]
    sound = {r.line: keys for r in first if (keys := keys_of(r.data)) is not None}
    if len(sound) == len(first):
        return _Shown("lines", tuple(sound.values()))
    if len(first) > 1 and all(_is_array(r.data) for r in first):
        return _Shown("arrays", all_keys(values(r.data for r in first)))
    # A table may hold small objects in its cells, and objects may stand under a line of something else: names tell.
    tabular = not sound and text.lstrip()[:1] not in b"[{"
    if tabular and (table := plain_table(text, ended)):
        return _csv(table, path)
    # What stands before single records of others is junk.
    if len(driven := all_keys(islice(unpacked(lines((text,)), ""), SAMPLE_RECORDS))) > 2 * len(sound):
        return _Shown("lines", driven, text="")
    if 2 * len(sound) < len(first) and _goes_beyond(text):
        return _Shown("values" if len(first) > 1 else "lines", (_keys_so_far(text),) if ended else (), cut=ended)
    reach = first[-1].offset + first[-1].size
    whole = [r for r in islice(values((text,)), SAMPLE_RECORDS) if r.offset < reach and keys_of(r.data) is not None]
    if 2 * len(sound) < len(first) and sum(r.size for r in whole) > sum(r.size for r in first if r.line in sound):
        return _Shown("array" if text.lstrip()[:1] == b"[" else "values", all_keys(whole))
    if tabular and not whole and (table := doubtful_table(text, ended)):
        return _csv(table, path)
    return _Shown("lines", tuple(sound.values()))


def _csv(table: Table, path: Path) -> _Shown:
    if table.twice:
        raise UnreadableFile(
            f"two columns of the CSV file are named {table.twice[0]!r}",
            where=str(path),
            hint="rename one of them in its header",
        )
    return _Shown("csv", (table.names,), table.delimiter, table.above)


def _goes_beyond(text: bytes) -> bool:
    """Whether the text begins with an object that does not end in it: what looks like records stands inside of that."""
    text = text.lstrip()
    try:
        return text[:1] == b"{" and not jsonscan.value_end(text, 0)
    except jsonscan.Broken as fault:
        return fault.cut


def _keys_so_far(text: bytes) -> frozenset[str]:
    text = text.lstrip()
    return frozenset(json.loads(key.decode("utf-8", "replace")) for key in jsonscan.keys_so_far(text))


def _look_further(path: Path, packing: Packing, encoding: str, *, as_lines: bool) -> _Shown:
    """Goes on to the first record, however far it is: past broken lines, or to the end of a long one."""

    def text() -> Iterator[bytes]:
        try:
            yield from recoded(blocks(path, packing), encoding)
        except UnreadableFile:
            return  # ingest itself tells where it broke

    for record in lines(text()) if as_lines else ():
        if (keys := keys_of(record.data)) is not None:
            return _Shown("lines", (keys,))
        if keys := keys_of(behind(record.data)):
            return _Shown("lines", (keys,), text="")
        if _is_array(record.data):
            break
    # What is found behind the beginning of an object that is too long may stand inside of it.
    first = takewhile(lambda r: r.fault != TOO_LONG, islice(values(text()), SAMPLE_RECORDS))
    if found := all_keys(first):
        return _Shown("values", found)
    return _Shown("lines", ())


def _is_array(data: bytes) -> bool:
    start = len(data) - len(data.lstrip())
    try:
        return data[start : start + 1] == b"[" and not data[jsonscan.value_end(data, start) :].strip()
    except jsonscan.Broken:
        return False


def keys_of(data: bytes) -> frozenset[str] | None:
    """The keys of a JSON object; None when it is none."""
    start = len(data) - len(data.lstrip())
    if data[start : start + 1] != b"{":
        return None
    try:
        if len(data) <= _BUILT_BYTES:
            return frozenset(json.loads(data.decode()))
    except (ValueError, RecursionError):
        pass  # DuckDB and our own walk allow a little more
    try:
        *found, (_, _, end) = jsonscan.members(data, start)
        return frozenset(json.loads(key) for key, _, _ in found) if not data[end:].strip() else None
    except ValueError:
        return None  # one broken record says nothing about the file; ingest itself accounts for it


def all_keys(records: Iterable[Record]) -> Keys:
    """The keys of those records that are JSON objects."""
    return tuple(keys for r in records if (keys := keys_of(r.data)) is not None)


def no_record(where: str, *, cut: bool = False) -> UnreadableFile:
    """What to say of a text in which no record was found, or only one that is cut off too early."""
    if cut:
        hint = "get a whole copy of it"
        return UnreadableFile("the only record in it is cut off, too early to tell whose it is", where=where, hint=hint)
    hint = "a log is JSON objects (one a line, in a list or one after the other), CSV with a header, or Parquet"
    return UnreadableFile("there is no JSON object to be found in it", where=where, hint=hint)
