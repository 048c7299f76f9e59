"""Writes output files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tiermix.errors import StoreFull, UsageError


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Writes a file, perhaps from pieces, so that a reader sees the old one or the new one, never a part.

    Raises:
        UsageError: the folder cannot be written to.
        StoreFull: there is no room.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(
            f"cannot write there: {error.strerror}", where=str(path), hint="choose another path"
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.writelines([text] if isinstance(text, str) else text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException as error:
        os.unlink(name)
        if not isinstance(error, OSError):
            raise  # a piece could not be made, or Ctrl-C: nothing of it stays behind
        raise StoreFull(f"cannot write the file: {error.strerror}", where=str(path), hint="free disk space") from error


def point(link: Path, target: Path) -> None:
    """Makes `link`, in the same folder as `target`, lead to it; a copy where the file system has no links."""
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        aside.unlink(missing_ok=True)
        aside.symlink_to(target.name)
        os.replace(aside, link)
    except OSError:
        write_whole(link, target.read_text(encoding="utf-8"))
