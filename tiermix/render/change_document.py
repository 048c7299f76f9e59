"""What changed and why, as parts of the published JSON documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiermix.changes import Cause, CausePart, Change, Counted, History, Owned, Part, Span, Spell, Week
from tiermix.render.change_words import cause_name, sentence, story

Document = dict[str, Any]


def change(c: Change) -> Document:
    """The body of `tiermix.explain/1`; every effect in points."""
    return {
        "slo": c.slo,
        "good_tiers": list(c.good_tiers),
        "sentence": sentence(c),
        "verdict": c.verdict,
        "mover": c.mover or None,
        "onset": c.onset.isoformat() if c.onset else None,
        "before": _span(c.before),
        "after": _span(c.after),
        "delta_points": c.points,
        "error": c.error,
        "dimensions": [
            {
                "dim": d.name,
                "rate_effect": d.rate,
                "mix_effect": d.mix,
                "mix_error": d.mix_error,
                "comparable": d.comparable,
            }
            for d in c.dimensions
        ],
        "segments": [_part(p) for d in c.dimensions for p in d.parts],
        "reasons": [_cause_part(p) for p in c.causes],
        "switches": _switches(c),
        "place": {"dim": c.place[0].dim, "value": c.place[0].value, "part_of_rate": c.place[1]} if c.place else None,
        "unusual_days": [d.isoformat() for d in c.unusual],
    }


def _span(s: Span) -> Document:
    return {"first_day": s.first.isoformat(), "last_day": s.last.isoformat(), "days_with_data": s.days} | _counted(
        s.counts
    )


def _counted(c: Counted) -> Document:
    return {"good": c.good, "total": c.total, "share": c.share}


def _part(p: Part) -> Document:
    return {
        "dim": p.dim,
        "value": p.value,
        "folded": p.folded,
        "rate_effect": p.rate,
        "mix_effect": p.mix,
        "total": p.total,
        "error": p.error,
        "before": _counted(p.before),
        "after": _counted(p.after),
        "reasons": [{"reason": c.reason, "tier": c.tier or None, "points": points} for c, points in p.causes],
        "segments": [_part(inner) for inner in p.parts],
    }


def _cause(cause: Cause | None, owned: Owned) -> Document:
    reason = cause.reason if cause else None
    return {
        "reason": reason,
        "tier": cause.tier or None if cause else None,
        "switch": owned.switch or None,
        "owner": owned.owner or None,
        "orphan": reason is not None and not owned.switch,
    }


def _cause_part(p: CausePart) -> Document:
    return _cause(p.cause, p.owned) | {
        "folded": p.folded,
        "delta_points": p.points,
        "error": p.error,
        "before": p.before,
        "after": p.after,
        "since": p.since.isoformat() if p.since else None,
        "examples": list(p.examples),
    }


def _switches(c: Change) -> list[Document]:
    sums: dict[tuple[str, str], float] = {}
    for p in c.causes:
        key = (p.owned.switch, p.owned.owner)
        sums[key] = sums.get(key, 0.0) + p.points
    ordered = sorted(sums.items(), key=lambda x: (-abs(x[1]), x[0]))
    return [{"switch": switch or None, "owner": owner or None, "delta_points": x} for (switch, owner), x in ordered]


def history(told: History) -> Document:
    """The body of `tiermix.explain-weeks/1`."""
    return {
        "slo": told.slo,
        "good_tiers": list(told.good_tiers),
        "sentence": story(told),
        "weeks": [_week(w, told.owned) for w in told.weeks],
        "spells": [_spell(s) for s in told.spells],
    }


def _week(w: Week, owned: Mapping[Cause, Owned]) -> Document:
    causes = sorted(w.causes.items(), key=lambda x: (-abs(x[1]), cause_name(x[0])))
    return {"week": w.first.isoformat(), "days": w.days, "partial": w.partial} | _counted(w.counts) | {
        "delta_points": w.change,
        "reasons": [_cause(c, owned[c]) | {"delta_points": points} for c, points in causes],
    }  # fmt: skip


def _spell(s: Spell) -> Document:
    return _cause(s.cause, s.owned) | {
        "since": s.since.isoformat(),
        "until": s.until.isoformat() if s.until else None,
        "base_share": s.base,
        "share": s.level,
        "points": s.points,
        "steps": [{"day": day.isoformat(), "share": level} for day, level in s.steps],
    }
