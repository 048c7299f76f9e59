"""How a file is packed, its bytes unpacked block by block, and whether it is whole.

Whatever the file unpacks to, no more than a block of it is in memory. What can be read of a damaged file is read.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

from tiermix.errors import UnreadableFile

Packing = Literal["none", "gzip", "zstd"]

# Of larger blocks each is memory that the system has to map anew.
BLOCK = 1 << 17
_GZIP_STEP = 1 << 16
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # bytes 2 to 4 of a zstd frame that holds no data
# The first bytes of formats that are often found where a log is expected.
_FOREIGN = (
    (b"PK\x03\x04", "a zip archive (or an Excel sheet)"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x04\x22\x4d\x18", "packed with lz4"),
    (b"\xff\x06\x00\x00sNaPpY", "packed with snappy"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
    (b"PARE", "Parquet with an encrypted footer"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
)
_TAR_AT, _TAR = 257, b"ustar"
HEAD = _TAR_AT + len(_TAR)
# So much of each end of a file tells it from others.
_END = 1 << 16


def packing_of(head: bytes) -> Packing:
    """The compression, from the first bytes and not from the name."""
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) or (head[1:4] == _SKIPPABLE and head[:1] >= b"\x50") else "none"


def foreign(head: bytes) -> str:
    """What a file is that is no log, from its first `HEAD` bytes; empty when it may be one."""
    if head[_TAR_AT:HEAD] == _TAR:
        return "a tar archive"
    if head[:3] == b"BZh" and head[4:10] == b"1AY&SY":  # a line of text may begin with the first three
        return "packed with bzip2"
    return next((what for mark, what in _FOREIGN if head.startswith(mark)), "")


def blocks(path: Path, packing: Packing) -> Iterator[bytes]:
    """The unpacked bytes of a file, at most `BLOCK` at a time; of one that grows, up to where it ended at the start.

    Raises:
        UnreadableFile: it is damaged, cannot be read, or is gone; everything before was given.
    """
    try:
        with path.open("rb") as raw:
            if packing == "gzip":
                yield from _gunzip(raw, path)
            elif packing == "zstd":
                yield from _unzstd(raw, path)
            else:
                # A file that says it holds nothing, as those of the kernel do, is read to its end.
                left = os.fstat(raw.fileno()).st_size or sys.maxsize
                while block := raw.read(min(BLOCK, left)):
                    left -= len(block)
                    yield block
    except OSError as error:
        raise unreadable(error, str(path)) from error


def unreadable(error: OSError, where: str) -> UnreadableFile:
    """What to say of a file that the system does not give us."""
    hint = "check that it is still there and that this user may read it, and try again"
    return UnreadableFile(f"cannot read the file: {error.strerror}", where=where, hint=hint)


def _damaged(path: Path, why: str) -> UnreadableFile:
    return UnreadableFile(
        f"the file ends early or is damaged: {why}", where=str(path), hint="get a whole copy of it and ingest that"
    )


def _gunzip(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    """Unpacks all members; checks each against its checksum, once its content was given."""
    source = _Source(raw)
    while source.peek(1):
        if not source.peek(2).startswith(_GZIP):
            if source.only_zeros():  # tapes and some copiers fill up with them
                continue
            raise _damaged(path, "something that is no gzip follows its last gzip member")
        if not source.skip_gzip_header():
            raise _damaged(path, "its last gzip member has no end")
        check = size = 0
        for block in _inflate(source, path):
            check, size = zlib.crc32(block, check), size + len(block)
            yield block
        trailer = source.take(8)
        if len(trailer) < 8:
            raise _damaged(path, "its last gzip member has no end")
        if trailer != check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"):
            raise _damaged(path, "the checksum of gzip is not that of its content")


def _inflate(source: _Source, path: Path) -> Iterator[bytes]:
    """The content of one gzip member, behind its header."""
    member = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    while not member.eof:
        if not (waiting := source.take(_GZIP_STEP)):
            yield member.flush()
            raise _damaged(path, "its last gzip member has no end")
        while waiting and not member.eof:
            before = member.copy()
            try:
                block = member.decompress(waiting, BLOCK)
            except zlib.error as error:
                yield from _up_to_the_fault(before, waiting)
                raise _damaged(path, str(error)) from error
            if block:
                yield block
            waiting = member.unconsumed_tail
    source.give_back(member.unused_data)


def _up_to_the_fault(member: zlib._Decompress, waiting: bytes) -> Iterator[bytes]:
    """What can be unpacked of bytes that are known to break somewhere."""
    try:
        for at in range(len(waiting)):
            if block := member.decompress(waiting[at : at + 1]):
                yield block
    except zlib.error:
        return  # the caller tells


class _Source:
    """Bytes of a file that can be put back."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._waiting = b""

    def peek(self, count: int) -> bytes:
        if len(self._waiting) < count:
            self._waiting += self._raw.read(BLOCK)
        return self._waiting[:count]

    def take(self, count: int) -> bytes:
        taken = self.peek(count)
        self._waiting = self._waiting[len(taken) :]
        return taken

    def give_back(self, taken: bytes) -> None:
        self._waiting = taken + self._waiting

    def only_zeros(self) -> bool:
        """Whether nothing but zeros stands before the next gzip member or the end; goes over them."""
        while rest := self.peek(1):
            self._waiting = self._waiting.lstrip(b"\x00")
            if self._waiting:
                return rest == b"\x00" and self.peek(2).startswith(_GZIP)
        return True

    def skip_gzip_header(self) -> bool:
        """Goes over the header of a gzip member (RFC 1952); false when the file ends in it."""
        head = self.take(10)
        flags = head[3] if len(head) == 10 else 0
        if flags & 4:  # an extra field
            length = int.from_bytes(self.take(2), "little")
            self.take(length)
        for text in (8, 16):  # name and comment, each ended by a zero
            while flags & text and self.take(1) not in (b"\x00", b""):
                pass
        if flags & 2:  # a checksum of the header
            self.take(2)
        return len(head) == 10


def _unzstd(raw: IO[bytes], path: Path) -> Iterator[bytes]:
    import zstandard

    with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False) as reader:
        try:
            while block := reader.read1(BLOCK):
                yield block
        except zstandard.ZstdError as error:
            raise _damaged(path, str(error)) from error
    if why := _zstd_fault(path):
        raise _damaged(path, why)


def damage(path: Path, packing: Packing) -> str:
    """What is wrong with a packed file that a reader may not notice; empty when it is whole.

    DuckDB does not look at the checksums of gzip, nor does it notice a zstd file that is cut off.
    """
    try:
        if packing == "gzip":
            for _ in blocks(path, packing):
                pass
        elif packing == "zstd" and (why := _zstd_fault(path)):
            raise _damaged(path, why)
    except UnreadableFile as error:
        return error.message
    except OSError as error:
        return f"it could not be read again: {error.strerror}"
    return ""


def _zstd_fault(path: Path) -> str:
    """Follows the blocks of all zstd frames to the end of the file, without unpacking them."""
    import zstandard

    size = path.stat().st_size
    with path.open("rb") as raw:
        while head := raw.read(18):
            start = raw.tell() - len(head)
            if head[1:4] == _SKIPPABLE:
                end = start + 8 + int.from_bytes(head[4:8], "little")
            else:
                try:
                    about = zstandard.get_frame_parameters(head)
                    raw.seek(start + zstandard.frame_header_size(head))
                except zstandard.ZstdError:
                    return f"at byte {start} something follows that is no zstd"
                end = _last_block(raw) + 4 * about.has_checksum
            if end > size:
                return "its last zstd frame has no end"
            raw.seek(end)
    return ""


def _last_block(raw: IO[bytes]) -> int:
    """Where the last block of a zstd frame ends; beyond the file when it has none."""
    while len(head := raw.read(3)) == 3:
        bits = int.from_bytes(head, "little")
        raw.seek(1 if bits >> 1 & 3 == 1 else bits >> 3, 1)  # a run is stored as one byte
        if bits & 1:
            return raw.tell()
    return 1 << 62


def ends(path: Path) -> bytes:
    """The first and the last 64 KiB of a file as it is, or all of a smaller one: enough to tell it from others."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        first = stream.read(_END)
        stream.seek(max(_END, size - _END))
        return first + stream.read(_END)
