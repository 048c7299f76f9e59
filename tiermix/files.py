"""Writes output files whole or not at all, and keeps scratch folders that leave nothing behind."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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


_PREFIX, _LOCK = "tiermix-", ".lock"
# What the lock is called until it is held: between the two, `sweep` would take the folder for abandoned.
_UNLOCKED = ".unlocked"


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for temporary files, gone at the end.

    Its lock is held as long as this process lives, so that `sweep` can tell a folder in use from one left by a process
    that was killed, in other containers too, where process numbers say nothing.

    Raises:
        StoreFull: there is no room for it, or for what is written into it.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise _no_room(error, "the folder for temporary files") from error
    try:
        with (folder / _UNLOCKED).open("wb") as held:
            _lock(held.fileno())
            if os.name != "nt":  # there nobody can take the folder away while the file is open
                os.rename(held.name, folder / _LOCK)
            yield folder
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _no_room(error, str(folder.parent)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _no_room(error: OSError, where: str) -> StoreFull:
    return StoreFull(
        f"there is no room to write temporary files: {error.strerror}",
        where=where,
        hint="free disk space there, or name another folder in TMPDIR",
    )


def sweep() -> None:
    """Removes the scratch folders of processes that were killed."""
    with os.scandir(tempfile.gettempdir()) as entries:
        left = [Path(e.path) for e in entries if e.name.startswith(_PREFIX) and e.is_dir(follow_symlinks=False)]
    for folder in left:
        with suppress(OSError):  # somebody else's, or just going away
            if _owned(folder) and _abandoned(folder / _LOCK):
                shutil.rmtree(folder)


def _owned(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()


def _abandoned(lock: Path) -> bool:
    """Whether nobody holds the lock; false where there is none, because it may be about to be made."""
    if not stat.S_ISREG(lock.lstat().st_mode):
        return False
    with lock.open("rb") as tried:
        return _lock(tried.fileno())


def _lock(handle: int) -> bool:
    """Locks a file for this process; false when another one has it, or where there are no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows: it keeps an open file from being removed, which does as well
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
