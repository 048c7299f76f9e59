"""Whose dialect the records of a log file are, at the top or inside of other objects."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from tiermix.config.settings import Source
from tiermix.errors import UnknownSource, UnreadableFile, UsageError
from tiermix.sources.catalog import Dialect, dialects, mapped
from tiermix.sources.detect import SAMPLE_RECORDS, Sample, all_keys, head_of, keys_of, no_record
from tiermix.sources.envelope import DEPTH, MEMBERS, holding, opened
from tiermix.sources.packing import blocks
from tiermix.sources.records import recoded, values

_UNKNOWN = "no known source writes such records"
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def recognise(path: Path, seen: Sample, sources: Iterable[Source], forced: str = "") -> tuple[Dialect, Sample]:
    """The dialect of a file, and how its records stand in it, which may be inside of other objects.

    Raises:
        UsageError, UnknownSource, UnreadableFile: as `detect`, which looks at what stands at the top.
    """
    sources, dialect, fault = tuple(sources), None, None
    try:
        dialect = detect(path, seen, sources, forced)
    except (UnknownSource, UnreadableFile) as unknown:
        fault = unknown
    if (dialect is None or not any(map(dialect.claims, seen.keys))) and seen.container not in ("csv", "parquet"):
        for inner in _unwrapped(path, seen):
            try:
                within = detect(path, inner, sources, forced)
            except (UnknownSource, UnreadableFile):
                continue
            if any(map(within.claims, inner.keys)):
                return within, inner
    if dialect is not None:
        return dialect, seen
    fault = fault or UnknownSource(_UNKNOWN, where=str(path))
    if fault.message == _UNKNOWN and (hint := _as_text(path, seen)):
        raise UnknownSource(_UNKNOWN, where=str(path), hint=hint)
    raise fault


def _unwrapped(path: Path, seen: Sample) -> Iterator[Sample]:
    """What the records inside of the objects at the top look like, those that are not so deep first."""
    head, _ = head_of(blocks(path, seen.packing))
    text = b"".join(recoded((head,), seen.encoding))
    level: list[tuple[tuple[str, ...], bytes]] = [((), text)]
    for _ in range(DEPTH):
        level = [((*at, name), _opened(outer, name)) for at, outer in level for name in holding(outer)][:MEMBERS]
        for at, inner in level:
            if keys := all_keys(islice(values((inner,)), SAMPLE_RECORDS)):
                yield Sample("values", seen.packing, keys, seen.encoding, inside=at)


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
        _UNKNOWN,
        where=str(path),
        hint=f"its fields are: {fields}. Describe them under [source.NAME.fields] in tiermix.toml, or name a source "
        f"with --source ({', '.join(dialects())})",
    )


def _as_text(path: Path, seen: Sample) -> str:
    """How to get at records that stand as text in a member of others, as log drivers write them: `{"log": "{...}"}`."""
    if seen.container in ("csv", "parquet") or seen.inside:
        return ""
    head, _ = head_of(blocks(path, seen.packing))
    for record in islice(values(recoded((head,), seen.encoding)), SAMPLE_RECORDS):
        try:
            members = json.loads(record.data)
        except (ValueError, RecursionError):
            continue
        for name, value in members.items() if isinstance(members, dict) else ():
            if _PLAIN_NAME.fullmatch(name) and isinstance(value, str) and keys_of(value.encode("utf-8", "replace")):
                return f"its member {name} holds a record as text: jq -r .{name} FILE | tiermix ingest -"
    return ""


def usable(dialect: Dialect, path: Path) -> Dialect:
    """The dialect itself.

    Raises:
        UnknownSource: logs of this kind cannot be used; with the reason.
    """
    if dialect.refuse:
        why, _, cure = dialect.refuse.partition("; ")
        raise UnknownSource(f"{dialect.title} cannot be used: {why}", where=str(path), hint=cure)
    return dialect
