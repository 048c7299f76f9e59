"""Text from logs made harmless: names in a log are written by strangers."""

from __future__ import annotations

import re

# Control characters, and those that reorder or hide text on a screen.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def printable(text: str, limit: int = 60) -> str:
    """`text` with hostile characters written as escapes, cut to `limit` characters."""
    shown = _HOSTILE.sub(lambda m: f"\\u{ord(m[0]):04x}", text[: limit * 2])
    return shown if len(shown) <= limit and len(text) <= limit * 2 else shown[: limit - 1] + "…"


def visible(text: str) -> str:
    """`text` at its full length with hostile characters written as escapes; the ends of lines stay."""
    return _HOSTILE.sub(lambda m: m[0] if m[0] in "\n\t" else f"\\u{ord(m[0]):04x}", text)


def escaped(text: str) -> str:
    """`text` at its full length on one line, with every hostile character written as an escape."""
    return _HOSTILE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def no_formula(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet would read it as a formula, blanks before it or not."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
