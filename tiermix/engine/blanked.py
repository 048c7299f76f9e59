"""Lets DuckDB read a file as if parts of it were blank, without a copy of it."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

PROTOCOL = "blanked"
NAME = f"{PROTOCOL}://log"


class BlankedFile(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system for DuckDB in which there is a single file.

    Args:
        path: the file.
        size: how much of it there is to be read, in bytes.
        places: what is blank: offset and size, ascending and apart from each other.
    """

    protocol = PROTOCOL
    cachable = False  # by fsspec, which would give the next one the same file

    def __init__(self, path: Path, size: int, places: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self._path, self._size, self._places = path, size, places
        self._readers: list[Reader] = []

    def open(self, *_: Any, **__: Any) -> Reader:
        """The file, open for reading."""
        self._readers.append(Reader(self._path, self._size, self._places))
        return self._readers[-1]

    def glob(self, path: str, **_: Any) -> list[str]:
        """That name alone, whatever it looks like."""
        return [path]

    def exists(self, *_: Any, **__: Any) -> bool:
        """The only file does."""
        return True

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Of the only file."""
        return {"name": path, "size": self._size, "type": "file"}

    def close(self) -> None:
        """Closes what was opened and not closed: DuckDB forgets some."""
        for reader in self._readers:
            reader.close()


class Reader:
    """The open file. DuckDB's threads share it; each goes to a place, and reads there in a second call."""

    def __init__(self, path: Path, size: int, places: Sequence[tuple[int, int]]) -> None:
        self._file = path.open("rb", buffering=0)
        self._size, self._places = size, places
        self._lock = threading.Lock()
        self._held = bytearray()  # made once: to get memory of this size anew takes longer than to read it full
        self._at: dict[int, int] = {}  # by thread; what Python keeps for DuckDB's threads ends with each call

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to a place, for this thread."""
        self._at[threading.get_ident()] = (0, self.tell(), self._size)[whence] + offset
        return self.tell()

    def tell(self) -> int:
        """Where this thread is."""
        return self._at.get(threading.get_ident(), 0)

    def read(self, size: int = -1) -> bytes:
        """So many bytes from there on, fewer only at the end; all for a negative number."""
        at = self.tell()
        left = max(self._size - at, 0)
        with self._lock:
            data = self._read(at, left if size < 0 else min(size, left))
        self._at[threading.get_ident()] = at + len(data)
        return data

    def _read(self, at: int, size: int) -> bytes:
        if len(self._held) < size:
            self._held = bytearray(size)
        self._file.seek(at)
        held = memoryview(self._held)[:size]
        got = self._file.readinto(held) or 0
        first = max(bisect_right(self._places, (at, 0)) - 1, 0)
        last = bisect_right(self._places, (at + got, 0))
        for offset, length in self._places[first:last]:
            start, end = max(offset - at, 0), min(offset + length - at, got)
            if start < end:
                held[start:end] = b" " * (end - start)
        return bytes(held[:got])

    def seekable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
