"""HTML by construction: every text is escaped and visible, because there is no way to put one in otherwise."""

from __future__ import annotations

from html import escape

from tiermix.render.safe import visible


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str | Html, **attributes: str | None) -> Html:
    """An element. Plain text children are escaped, `Html` is not; `class_` and `data_x` are `class` and `data-x`."""
    shown = "".join(
        f' {k.rstrip("_").replace("_", "-")}="{escape(visible(v), quote=True)}"'
        for k, v in attributes.items()
        if v is not None
    )
    return Html(f"<{name}{shown}>{join(*children)}</{name}>")


def join(*children: str | Html) -> Html:
    """Children one after the other, escaped unless they are `Html`."""
    return Html("".join(c if isinstance(c, Html) else escape(visible(c)) for c in children))


def embedded_json(text: str) -> Html:
    """JSON that may stand inside a script element, whatever strings it holds."""
    return Html(
        text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )  # fmt: skip
