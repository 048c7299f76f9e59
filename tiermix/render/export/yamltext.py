"""YAML documents. Values of users and logs only ever pass through the library, never through text that we glue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]


def dumps(documents: Sequence[Document], comment: str = "") -> str:
    """The documents as one YAML stream, below a comment of our own."""
    import yaml  # loaded only here: no other command needs it

    class Dumper(yaml.SafeDumper):
        """Keeps the lines of long texts, since expressions are for reading."""

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    # Aliases would be valid YAML, but not every reader of these formats knows them.
    Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]
    body: str = yaml.dump_all(documents, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines()) + body
