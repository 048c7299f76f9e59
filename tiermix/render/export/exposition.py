"""Metric families as text, in the two formats that differ just enough to matter.

`textfile` is the Prometheus text format 0.0.4, which is what node_exporter's textfile collector reads (tried with
1.5.0): a counter's family has the name of its samples, `# EOF` is a comment, and a file with one timestamp in it is
skipped whole. Given OpenMetrics, it takes counters as untyped metrics without help, because there a family is named
without `_total`. `openmetrics` is strict OpenMetrics 1.0, which `promtool tsdb create-blocks-from openmetrics` needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tiermix.counters import Track, added
from tiermix.errors import UsageError
from tiermix.render.export import names
from tiermix.render.export.families import Family, label_values
from tiermix.render.export.names import Metric
from tiermix.snapshot import Counters
from tiermix.timewin import MINUTE

TEXTFILE, OPENMETRICS = "textfile", "openmetrics"
FORMATS = (TEXTFILE, OPENMETRICS)
_END = "# EOF\n"
_LINES = 10_000  # written at a time


def text(families: Iterable[Family], chosen: str, extra: Mapping[str, str]) -> str:
    """The families in one of `FORMATS`; `extra` are labels that every sample gets."""
    lines = [line for family in families for line in _family(family, chosen, extra)]
    return "".join(lines) + (_END if chosen == OPENMETRICS else "")


def _family(family: Family, chosen: str, extra: Mapping[str, str]) -> Iterator[str]:
    yield _head(family.metric, chosen)
    for sample in family.samples:
        yield f"{_series(family.metric, sample.values, extra)} {_number(sample.number)}\n"


def history(counters: Counters, extra: Mapping[str, str]) -> Iterator[str]:
    """Every counter at every minute as OpenMetrics with timestamps, in pieces.

    Minutes without requests are written too: a counter that is not repeated is forgotten after five minutes. The
    samples of a series stand together and a family is never left and taken up again, as the format demands.
    """
    slos = [(names.given_value(s.name), s) for s in counters.slos]
    tracks: dict[Metric, list[tuple[str, Track]]] = {
        names.REQUESTS: _by_label(counters.tiers),
        names.SLO_REQUESTS: [(name, s.total) for name, s in slos],
        names.SLO_BAD: [(name, s.bad) for name, s in slos],
    }
    for metric, listed in tracks.items():
        yield _head(metric, OPENMETRICS)
        for value, track in listed:
            series = _series(metric, (value,), extra)
            lines: list[str] = []
            for minute, number in track.readings(counters.first, counters.last):
                lines.append(f"{series} {number} {minute * MINUTE}\n")
                if len(lines) == _LINES:
                    yield "".join(lines)
                    lines.clear()
            yield "".join(lines)
    yield _END


def _by_label(tiers: Mapping[str, Track]) -> list[tuple[str, Track]]:
    shared: dict[str, list[Track]] = {}
    for tier, label in label_values({tier: track.end for tier, track in tiers.items()}).items():
        shared.setdefault(label, []).append(tiers[tier])
    return [(label, added(tracks)) for label, tracks in shared.items()]


def _head(metric: Metric, chosen: str) -> str:
    name = metric.name.removesuffix("_total") if chosen == OPENMETRICS and metric.kind == "counter" else metric.name
    return f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"


def _series(metric: Metric, values: tuple[str, ...], extra: Mapping[str, str]) -> str:
    pairs = [*zip(metric.labels, values, strict=True), *extra.items()]
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{metric.name}{{{inner}}}" if inner else metric.name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def extra_labels(given: Mapping[str, str]) -> dict[str, str]:
    """Labels that a team adds, checked and cleaned.

    Raises:
        UsageError: Prometheus would not take a name, or the metrics have it already.
    """
    ours = {label for metric in names.ALL for label in metric.labels}
    for name in given:
        if not names.is_label_name(name):
            raise UsageError(
                f"{name!r} is no label name", where="--label", hint="letters, digits and _, such as --label job=node"
            )
        if name in ours:
            raise UsageError(f"the metrics have a label {name!r} already", where="--label", hint="choose another name")
    return {name: names.given_value(value) for name, value in given.items()}
