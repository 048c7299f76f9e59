"""Reads one table of a configuration, key by key, and collects every fault instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

from tiermix.errors import Fault, UsageError
from tiermix.timewin import parse_duration, parse_slo_window


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the closest known word, or lists all of them."""
    import difflib

    known = sorted({k for k in known if k})
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {match[0]!r}?" if match else f"known here: {', '.join(known)}"


class Table:
    """One TOML table under validation.

    Every getter removes its key from the table; what is left at `close` is unknown. A wrong value is recorded as a
    fault and the default returned, so that all faults of a file come out in one go.
    """

    def __init__(self, data: object, where: str, faults: list[Fault]) -> None:
        self.where = where
        self.faults = faults
        self._asked: set[str] = set()
        if isinstance(data, dict):
            self._left: dict[str, Any] = dict(data)
        else:
            self._left = {}
            self.fault("", f"must be a table, not {_kind(data)}")

    def fault(self, key: str, message: str, hint: str = "") -> None:
        """Records a fault at `key` of this table."""
        self.faults.append(Fault(f"{self.where}{'.' if self.where and key else ''}{key}", message, hint))

    def _take(self, key: str, required: bool) -> Any:
        self._asked.add(key)
        if key not in self._left:
            if required:
                self.fault(key, "is required")
            return None
        return self._left.pop(key)

    def text(self, key: str, default: str = "", *, required: bool = False, one_of: Sequence[str] = ()) -> str:
        """A string, perhaps one of a fixed set."""
        value = self._take(key, required)
        if value is None:
            return default
        if not isinstance(value, str) or (required and not value.strip()):
            self.fault(key, f"must be text, not {_kind(value)}")
            return default
        if one_of and value not in one_of:
            self.fault(key, f"cannot be {value!r}", nearest(value, one_of))
            return default
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings."""
        value = self._take(key, required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self.fault(key, f"must be a list of texts, not {_kind(value)}", 'write ["one", "two"]')
            return ()
        return tuple(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean."""
        value = self._take(key, False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, not {_kind(value)}")
            return default
        return value

    def number(self, key: str, default: float | None, *, low: float, high: float = float("inf"), required: bool = False,
               whole: bool = False) -> Any:  # fmt: skip
        """A finite number in [low, high], a whole one if asked; exactly as written, as a Fraction, see `exact`."""
        value = self._take(key, required)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            self.fault(key, f"must be a {'whole ' * whole}number, not {_kind(value)}")
            return default
        if not low <= value <= high:
            limit = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
            self.fault(key, f"must be {limit}, not {value!r}")
            return default
        return value

    def exact(self, key: str, default: Fraction, *, low: float, high: float, required: bool = False) -> Fraction:
        """A number strictly between low and high as it was written: 0.97 is 97/100."""
        value = self.number(key, None, low=low, high=high, required=required)
        if value is None:
            return default
        if value in (low, high):
            self.fault(key, f"must lie between {low:g} and {high:g}, both excluded")
            return default
        return Fraction(str(value))

    def duration(self, key: str, default: int, *, required: bool = False) -> int:
        """A duration in seconds, written as `7d`."""
        value = self._take(key, required)
        if value is None:
            return default
        try:
            return parse_duration(value if isinstance(value, str) else repr(value))
        except UsageError as error:
            self.fault(key, error.message, error.hint)
            return default

    def slo_window(self, key: str, default: int) -> tuple[int, str]:
        """The window of an SLO: seconds, and the calendar period when it is one."""
        value = self._take(key, False)
        if value is None:
            return default, ""
        try:
            return parse_slo_window(value if isinstance(value, str) else repr(value))
        except UsageError as error:
            self.fault(key, error.message, error.hint)
            return default, ""

    def day(self, key: str) -> date | None:
        """A date."""
        value = self._take(key, False)
        if value is not None and (isinstance(value, datetime) or not isinstance(value, date)):
            self.fault(key, f"must be a date, not {_kind(value)}", "write 2026-08-14, without quotes")
            return None
        return value

    def minute(self, key: str) -> datetime | None:
        """A moment on a whole minute, in UTC when it names no zone."""
        value = self._take(key, True)
        if value is None:
            return None
        if not isinstance(value, datetime):
            self.fault(
                key, f"must be a date and time, not {_kind(value)}", "write 2026-09-01T04:00:00Z, without quotes"
            )
            return None
        moment = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if moment.second or moment.microsecond:
            self.fault(key, "must be a whole minute", "counts are kept by the minute")
            return None
        return moment

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, written as [[key]]."""
        value = self._take(key, False)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(key, f"must be a list of tables, not {_kind(value)}", f"write [[{key}]] above each")
            return ()
        prefix = f"{self.where}." if self.where else ""
        return tuple(Table(item, f"{prefix}{key}[{i}]", self.faults) for i, item in enumerate(value))

    def table(self, key: str) -> Table | None:
        """A table of fixed keys."""
        value = self._take(key, False)
        if value is None:
            return None
        return Table(value, f"{self.where}.{key}" if self.where else key, self.faults)

    def items(self) -> Mapping[str, Any]:
        """All keys that are left, for a table whose keys the user chooses."""
        left, self._left = self._left, {}
        return left

    def close(self) -> None:
        """Reports the keys nobody asked for."""
        for key in self._left:
            self.fault(key, "is not a known key", nearest(key, self._asked))


def _kind(value: object) -> str:
    names = {dict: "a table", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), f"a {type(value).__name__}")
