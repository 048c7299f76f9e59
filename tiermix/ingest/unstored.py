"""Which lines of a file are not in the store, and why: DuckDB does not say which line a row came from.

It takes rows in the order of the file only slowly, but those that one of its threads reads stay in their order. Where
two lines are as far apart in the store as in the file, all between them are stored. Of the others the ids are read
again, and the lines whose ids are not in the store are judged again.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path

from tiermix.broken import locate, named
from tiermix.ingest.batch import Input, Job, bad_rows, quarantine
from tiermix.ingest.cleaning import LINES, Relation, cleaned, note_ids
from tiermix.ingest.naming import OUTCOMES, name_outcomes_of
from tiermix.ingest.onepass import LookAgain, TooFew, lenient, put
from tiermix.ingest.survey import Stretch, Survey, texts_of
from tiermix.sources.records import Record, count_filled, picked_lines
from tiermix.store import Store

# So many bytes and lines are looked at at a time.
_PART, _MANY = 32 << 20, 200_000
# Of more bytes than these no more than this share is looked at apart from the rest.
_SMALL, _SHARE = 1 << 20, 0.5


@dataclass(slots=True)
class Rest:
    """What became of a file: its lines that are not blank, those of them in the quarantine, and good ones added now."""

    lines: int
    bad: int = 0
    late: int = 0


def settle(job: Job, item: Input, look: Survey, batch_id: int, folder: Path, *, left_out: bool) -> Rest:
    """Puts the bad lines of a file, whose other lines a batch has put into the store, into the quarantine.

    A line that is not in the store and yet not bad (it has no id, say) is not among them, and neither is a bad one that
    stands where a good one should, or has its id: then they and the stored ones do not add up to the lines of the file.

    Args:
        job: the store and the key.
        item: the file, one record a line.
        look: what a look over it showed.
        batch_id: the batch.
        folder: for copies of some of its lines.
        left_out: whether good rows were left out, which are now put into the store, too.

    Raises:
        LookAgain: the file has changed, or has lines that are blank to DuckDB alone.
        TooFew: good rows were left out all over the file.
    """
    job.store.execute("SET preserve_insertion_order = true")
    doubtful = _doubtful(job, item, look, batch_id)
    if sum(s.size for s in doubtful) > max(_SHARE * look.size, _SMALL):
        if left_out:
            raise TooFew
        return _all_again(job, item, batch_id)
    rest, copy = Rest(look.lines), folder / "part.jsonl"
    copy.touch()
    rows = cleaned(job, [copy], item.dialect, LINES, longest=max((s.size for s in doubtful), default=0))
    for several in _parts(doubtful):
        filled, absent = _absent(job.store, several, texts_of(item.path, item.seen, several), batch_id, copy, rows)
        rest.lines -= sum(s.count for s in several) - filled  # the others are blank
        if absent:
            _write(copy, absent)
            job.store.execute(f"CREATE OR REPLACE TEMP TABLE again AS {rows.text}", rows.params)
            bad = ((absent[nth], why) for nth, why in _reasons(job.store))
            found = named(bad, keep_excerpts=job.config.keep_excerpts)
            rest.bad += quarantine(job.store, batch_id, item.name, found)
            rest.late += _add_late(job.store, batch_id) if left_out else 0
    return rest


def _doubtful(job: Job, item: Input, look: Survey, batch_id: int) -> list[Stretch]:
    """The stretches of a file of which the store may not have every line."""
    firsts = cleaned(job, [look.firsts.path], item.dialect, LINES)
    note_ids(job.store, "firsts", firsts)
    apart = job.store.ask("ingest/stored_apart", {"batch_id": batch_id})
    if len(apart) != look.firsts.records:
        raise LookAgain
    return [look.stretch(nth) for nth, (rows,) in enumerate(apart) if rows != look.numbers[nth + 1] - look.numbers[nth]]


def _parts(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    weight = 0.0

    def part(stretch: Stretch) -> int:
        nonlocal weight
        weight += max(stretch.size / _PART, stretch.count / _MANY)
        return int(weight)

    return (list(several) for _, several in groupby(stretches, part))


def _absent(
    store: Store, stretches: Sequence[Stretch], texts: Iterable[bytes], batch_id: int, copy: Path, rows: Relation
) -> tuple[int, list[Record]]:
    """How many lines of some stretches are not blank, and those whose ids a batch has not put into the store.

    Args:
        store: the store.
        stretches: which.
        texts: the bytes of each.
        batch_id: the batch.
        copy: where to copy them.
        rows: those of the copy.

    Raises:
        LookAgain: there are lines that are blank to DuckDB alone.
    """
    # The last line may have no end; to any other text one line break more adds only a blank line.
    ended = [text if text.endswith(b"\n") else text + b"\n" for text in texts]
    with copy.open("wb") as out:
        out.writelines(ended)
    note_ids(store, "here", rows)
    filled = sum(map(count_filled, ended))
    if store.execute("SELECT count(*) FROM here") != [(filled,)]:
        raise LookAgain
    behind_lines = list(accumulate((s.count for s in stretches), initial=0))
    behind_bytes = list(accumulate(map(len, ended), initial=0))
    absent = []
    for record in picked_lines(ended, (nth for (nth,) in store.ask("ingest/absent", {"batch_id": batch_id}))):
        at = bisect(behind_lines, record.line - 1) - 1
        line = stretches[at].line + record.line - 1 - behind_lines[at]
        absent.append(record._replace(line=line, offset=stretches[at].offset + record.offset - behind_bytes[at]))
    return filled, absent


def _write(copy: Path, some: Sequence[Record]) -> None:
    """Copies some lines."""
    copy.write_bytes(b"".join(line.data + b"\n" for line in some))


def _reasons(store: Store) -> Iterator[tuple[int, str]]:
    """Which of the lines that were judged `again` are bad, from 0, and why."""
    return bad_rows(store, "rowid - (SELECT min(rowid) FROM again) AS nth, bad FROM again", {})


def _add_late(store: Store, batch_id: int) -> int:
    """Puts those of the rows that were judged `again` and are good into the store; how many."""
    rows = Relation("SELECT * FROM again WHERE bad IS NULL AND has_id AND NOT skip", {})
    name_outcomes_of(store, rows, OUTCOMES, "")
    return put(store, batch_id, rows, "SELECT c.*", "true")


def _all_again(job: Job, item: Input, batch_id: int) -> Rest:
    """Reads and judges all of a file in its order."""
    source = lenient(job, item)
    job.store.execute(f"CREATE OR REPLACE TEMP TABLE again AS SELECT bad FROM ({source.text}) AS c", source.params)
    found = locate(item.path, item.seen, _reasons(job.store), keep_excerpts=job.config.keep_excerpts)
    bad = quarantine(job.store, batch_id, item.name, found)
    return Rest(job.store.execute("SELECT count(*) FROM again")[0][0], bad)
