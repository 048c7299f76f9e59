"""Whose dialect the records of a log file are, at the top or inside of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from tiermix.config.settings import Source
from tiermix.errors import UnknownSource, UnreadableFile, UsageError
from tiermix.sources.catalog import Dialect, dialects, mapped
from tiermix.sources.detect import SAMPLE_RECORDS, Sample, all_keys, head_of, no_record
from tiermix.sources.drivers import texts, unpacked
from tiermix.sources.envelope import DEPTH, MEMBERS, holding, opened
from tiermix.sources.packing import blocks
from tiermix.sources.records import Record, recoded, values

# So many records show in which member of theirs others stand as text, which may be in pieces.
_TEXTS = 1000


def recognise(path: Path, seen: Sample, sources: Iterable[Source], forced: str = "") -> tuple[Dialect, Sample]:
    """The dialect of a file, and how its records stand in it, which may be inside of other objects or as text.

    Raises:
        UsageError, UnknownSource, UnreadableFile: as `detect`, which looks at what stands at the top.
    """
    sources = tuple(sources)
    try:
        dialect = detect(path, seen, sources, forced)
    except (UnknownSource, UnreadableFile):
        if within := _within(path, seen, sources, forced):
            return within
        raise
    if any(map(dialect.claims, seen.keys)):
        return dialect, seen
    return _within(path, seen, sources, forced) or (dialect, seen)


def _within(path: Path, seen: Sample, sources: tuple[Source, ...], forced: str) -> tuple[Dialect, Sample] | None:
    """The same of records that are not those at the top; None when there are none of a known source."""
    if seen.container in ("csv", "parquet"):
        return None
    for inner in _unwrapped(path, seen):
        try:
            dialect = detect(path, inner, sources, forced)
        except (UnknownSource, UnreadableFile):
            continue
        if any(map(dialect.claims, inner.keys)):
            return dialect, inner
    return None


def _unwrapped(path: Path, seen: Sample) -> Iterator[Sample]:
    """What the records inside of those at the top look like, those that are not so deep first, and texts last."""
    head, _ = head_of(blocks(path, seen.packing))
    text = b"".join(recoded((head,), seen.encoding))
    level: list[tuple[tuple[str, ...], bytes]] = [((), text)]
    as_text = list(_texts(seen, values((text,))))
    for _ in range(DEPTH):
        level = [((*at, name), _opened(outer, name)) for at, outer in level for name in holding(outer)][:MEMBERS]
        for at, inner in level:
            within = Sample("values", seen.packing, (), seen.encoding, inside=at)
            if keys := all_keys(islice(values((inner,)), SAMPLE_RECORDS)):
                yield replace(within, keys=keys)
                as_text += _texts(within, values((inner,)))
    yield from as_text


def _texts(seen: Sample, records: Iterable[Record]) -> Iterator[Sample]:
    """What the records look like that stand as text in members of others."""
    first = list(islice(records, _TEXTS))
    names = {name: None for r in first for name, text in texts(r.data).items() if text.lstrip().startswith("{")}
    for name in islice(names, MEMBERS):
        if keys := all_keys(unpacked(first, name))[:SAMPLE_RECORDS]:
            yield replace(seen, text=name, keys=keys)


def _opened(text: bytes, member: str) -> bytes:
    return b" ".join(b"".join(opened((text,), (member,))).split())  # the blanks would be gone through again and again


def detect(path: Path, seen: Sample, sources: Iterable[Source], forced: str = "") -> Dialect:
    """The dialect of a file: the one asked for, the one whose `match` fits the name, else the one most records fit.

    Raises:
        UsageError: there is no source of the forced name.
        UnknownSource: none fits.
    """
    by_name: Mapping[str, Source] = {s.name: s for s in sources}
    known = frozenset().union(*seen.keys)
    if forced:
        if forced in by_name:
            return mapped(by_name[forced], known)
        if forced in dialects():
            return usable(dialects()[forced], path)
        names = ", ".join((*dialects(), *by_name))
        raise UsageError(f"there is no source {forced!r}", hint=f"known: {names}")
    for source in by_name.values():
        if source.match and (fnmatch(str(path), source.match) or fnmatch(str(path), f"*/{source.match}")):
            return mapped(source, known)
    # What the team describes itself comes before what we ship.
    for candidates in ([mapped(s, known) for s in by_name.values() if not s.match], list(dialects().values())):
        votes: Counter[str] = Counter()
        for keys in seen.keys:
            best = max(candidates, key=lambda d: d.claims(keys), default=None)
            if best is not None and best.claims(keys):
                votes[best.name] += 1
        if votes:
            winner = votes.most_common(1)[0][0]
            return usable(next(d for d in candidates if d.name == winner), path)
    if not known or seen.cut:
        raise no_record(str(path), cut=seen.cut)
    fields = ", ".join(sorted(known)[:12])
    raise UnknownSource(
        "no known source writes such records",
        where=str(path),
        hint=f"its fields are: {fields}. Describe them under [source.NAME.fields] in tiermix.toml, or name a source "
        f"with --source ({', '.join(dialects())})",
    )


def usable(dialect: Dialect, path: Path) -> Dialect:
    """The dialect itself.

    Raises:
        UnknownSource: logs of this kind cannot be used; with the reason.
    """
    if dialect.refuse:
        why, _, cure = dialect.refuse.partition("; ")
        raise UnknownSource(f"{dialect.title} cannot be used: {why}", where=str(path), hint=cure)
    return dialect
