"""Whether a text is CSV: the delimiter, the header, and what stands above it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import NamedTuple

from tiermix.sources.rows import ABOVE, header_of, rows

_DELIMITERS = ",;\t|"
_NAME = re.compile(r"[\w.:/-]+(?: [\w.:/-]+)*")
_SAMPLE_ROWS = 50
# The header is one of so many lines.
_HEADER_WITHIN = 10


class Table(NamedTuple):
    """A text that can be read as CSV.

    Attributes:
        delimiter: what stands between two fields.
        header: the names of the columns, of which some may be empty.
        above: how many lines stand above the header, such as a title.
    """

    delimiter: str
    header: tuple[str, ...]
    above: int = 0

    @property
    def names(self) -> frozenset[str]:
        """The names that are not empty."""
        return frozenset(self.header) - {""}

    @property
    def twice(self) -> list[str]:
        """The names of more than one column."""
        return [name for name, n in Counter(self.header).items() if n > 1 and name]

    @property
    def named(self) -> bool:
        """Whether the header reads like one, which tells CSV from a text with commas in it."""
        return len(self.names) > 2 and all(map(_NAME.fullmatch, self.names))

    @property
    def headed(self) -> bool:
        """Whether the header cannot be a row, in which something is a number or a time."""
        return self.named and not self.twice and not any(name[0].isdigit() for name in self.names)


def plain_table(text: bytes, ended: bool) -> Table | None:
    """The table that a text plainly is: half of its first rows at least have as many fields as its header.

    Args:
        text: the head of the file.
        ended: whether it is all of it.
    """
    at_top = _table(text, ended)
    if at_top is None or not at_top.named:
        return None
    return at_top if at_top.headed else _lower(text, ended) or at_top


def doubtful_table(text: bytes, ended: bool) -> Table | None:
    """The table that a text may be: its names are odd, something stands above them, or most rows do not fit them."""
    if found := _table(text, ended) or _lower(text, ended):
        return found
    ragged = _table(text, ended, ragged=True)
    return ragged if ragged and ragged.named else None


def _lower(text: bytes, ended: bool) -> Table | None:
    found = (_table(text, ended, above=n) for n in range(1, _HEADER_WITHIN))
    return next((t for t in found if t and t.headed), None)


def _table(text: bytes, ended: bool, *, above: int = 0, ragged: bool = False) -> Table | None:
    best, table = 0, None
    for delimiter in _DELIMITERS:
        header = header_of((text,), delimiter, above)
        found = [r for r in islice(rows((text,), delimiter, above=above), _SAMPLE_ROWS) if r.fault != ABOVE]
        sound = sum(not r.fault for r in found[: None if ended or len(found) == _SAMPLE_ROWS else -1])
        if len(header) > 1 and sound + 1 > best and (ragged or sound >= len(found) / 2):
            best, table = sound + 1, Table(delimiter, tuple(header), above)
    return table
