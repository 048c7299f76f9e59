"""The published JSON Schemas: the native log record, and what every command prints."""

from __future__ import annotations

import difflib
from pathlib import Path

from tiermix.errors import UsageError

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """All schema names, sorted."""
    return tuple(sorted(p.stem for p in _FOLDER.glob("*.json")))


def load(name: str) -> str:
    """The text of a schema.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        raise UsageError(
            f"there is no schema {name!r}", hint=f"did you mean {near[0]}?" if near else ", ".join(names())
        )
    return (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
