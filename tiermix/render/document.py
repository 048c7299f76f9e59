"""Answers as the published JSON documents: versioned, counts beside every ratio, null where there is no data."""

from __future__ import annotations

import json
from typing import Any, get_args

from tiermix import __version__
from tiermix.analysis.compliance import Calendar, GroupedBurn, Term
from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck
from tiermix.analysis.replay import Episode, Replay
from tiermix.errors import ConfigError, TiermixError
from tiermix.explain import EachWeek, Explained
from tiermix.model import AlertRow, Burn, FileReceipt, Frame, Mix, Note, Receipt, SloStatus, TierCounts, Trust
from tiermix.render import change_document, drift_document, words
from tiermix.report import Report
from tiermix.timewin import format_duration, rfc3339
from tiermix.verdicts import Gate, Outcome, State

Document = dict[str, Any]


def dumps(document: Document, *, indent: int | None = 2) -> str:
    """JSON text; anything but ASCII is escaped, so that no character of a log reaches a terminal."""
    return json.dumps(document, indent=indent, allow_nan=False, ensure_ascii=True)


def _envelope(kind: str, frame: Frame | None, ok: bool, warnings: tuple[Note, ...]) -> Document:
    out: Document = {"schema": f"tiermix.{kind}/1", "tiermix": __version__}
    if frame is not None:
        out |= {
            "as_of": rfc3339(frame.as_of),
            "window": {"start": rfc3339(frame.window.start), "end": rfc3339(frame.window.end)},
            "timezone": frame.zone,
        }
    return out | {"ok": ok, "warnings": [{"code": n.code, "message": n.message} for n in warnings]}


def _counts(counts: TierCounts) -> Document:
    return {
        "total": counts.total,
        "tiers": dict(counts.tiers),
        "shares": {t: counts.share(t) for t in counts.tiers},
    }


def mix(answer: Mix) -> Document:
    """`tiermix.mix/1`."""
    out = _envelope("mix", answer.frame, True, answer.frame.warnings) | _mix_body(answer)
    if answer.by is not None:
        out["groups"] = _groups(answer)
    return out


def _mix_body(answer: Mix) -> Document:
    total = answer.totals.total
    other = total - answer.totals.tiers[answer.primary]
    return {
        "primary": answer.primary,
        "fallback_metric": {
            "fired": answer.fallback.fired,
            "known": answer.fallback.known,
            "share": answer.fallback.share,
        },
        "not_primary": {"requests": other, "share": other / total if total else None},
        "totals": _counts(answer.totals),
        "days": [
            {
                "day": d.day.isoformat(),
                "total": d.counts.total,
                "tiers": dict(d.counts.tiers),
                "primary_share": d.counts.share(answer.primary),
                "partial": d.partial,
            }
            for d in answer.days
        ],
    }


def _groups(answer: Mix) -> list[Document]:
    return [{"key": dict(g.key)} | _counts(g.counts) | {"days": list(g.days)} for g in answer.groups]


def burn(answer: Burn) -> Document:
    """`tiermix.burn/1`."""
    return _envelope("burn", answer.frame, answer.ok, answer.frame.warnings) | {"slos": [_slo(s) for s in answer.slos]}


burn_explained = burn  # the document of a burn always says why


def by_group(answer: GroupedBurn) -> Document:
    """`tiermix.burn/1` with the groups of one dimension inside each SLO."""
    return _envelope("burn", answer.frame, answer.ok, answer.frame.warnings) | {
        "by": answer.by,
        "slos": [
            {
                "name": s.name,
                "groups": [
                    {"key": {answer.by: g.value}, "small_sample": g.status.small_sample} | _slo(g.status)
                    for g in s.groups
                ],
            }
            for s in answer.slos
        ],
    }


def replay(answer: Replay) -> Document:
    """`tiermix.burn-replay/1`."""
    return _envelope("burn-replay", answer.frame, True, answer.frame.warnings) | {
        "slos": [
            {
                "name": s.name,
                "target": s.target,
                "window": s.period,
                "owner": s.owner,
                "rows": [_row(r.row) | {"episodes": [_episode(e) for e in r.episodes]} for r in s.rows],
            }
            for s in answer.slos
        ]
    }


def _episode(e: Episode) -> Document:
    return {
        "start": rfc3339(e.start),
        "end": rfc3339(e.end) if e.end else None,
        "seconds": e.seconds,
        "bad": e.counts.bad,
        "total": e.counts.total,
        "budget_spent_before": e.spent_before,
        "budget_spent_during": e.spent_during,
    }


def calendar(answer: Calendar) -> Document:
    """`tiermix.burn-calendar/1`."""
    ok = all(t.met for s in answer.slos for t in s.terms)
    return _envelope("burn-calendar", answer.frame, ok, answer.frame.warnings) | {
        "slos": [
            {"name": s.name, "target": s.target, "owner": s.owner, "terms": [_term(t) for t in s.terms]}
            for s in answer.slos
        ]
    }


def _term(t: Term) -> Document:
    return {
        "term": t.name,
        "kind": t.kind,
        "partial": t.partial,
        "good": t.counts.good,
        "total": t.counts.total,
        "sli": t.counts.good / t.counts.total if t.counts.total else None,
        "error_budget_spent": t.spent,
        "met": t.met,
        "worst_days": [{"day": d.isoformat(), "good": c.good, "total": c.total} for d, c in t.worst],
    }


def _row(row: AlertRow) -> Document:
    return {
        "severity": row.severity,
        "factor": float(row.factor),
        "long": format_duration(row.long),
        "short": format_duration(row.short),
        "budget_percent": float(row.budget * 100),
    }


def _slo(s: SloStatus) -> Document:
    return {
        "name": s.name,
        "target": s.target,
        "window": s.period,
        "span": {"start": rfc3339(s.span.start), "end": rfc3339(s.span.end)},
        "good_tiers": list(s.good_tiers),
        "owner": s.owner,
        "good": s.counts.good,
        "total": s.counts.total,
        "sli": s.sli,
        "error_budget_remaining": s.budget.remaining,
        "error_budget": {
            "allowed_requests": s.budget.allowed,
            "spent_requests": s.budget.spent,
            "exhausted_in_s": s.budget.exhausted_in,
        },
        "ok": s.ok,
        "met": s.met,
        "alerts": [
            _row(a.row)
            | {
                "long_burn": a.long_burn,
                "short_burn": a.short_burn,
                "long_bad": a.long.bad,
                "long_total": a.long.total,
                "short_bad": a.short.bad,
                "short_total": a.short.total,
                "firing": a.firing,
                "explanation": words.alert_line(s, a),
            }
            for a in s.alerts
        ],
    }


def check(gate: Gate) -> Document:
    """`tiermix.check/1`."""
    return _envelope("check", gate.frame, gate.ok, gate.frame.warnings) | {
        "exit_code": int(gate.exit_code),
        "summary": {state: gate.count(state) for state in get_args(State)},
        "checks": [
            {
                "kind": r.kind,
                "subject": r.subject,
                "name": r.name,
                "state": r.state,
                "severity": r.severity,
                "sentence": r.sentence,
                "evidence": dict(r.evidence),
                "owner": r.owner,
                "runbook": r.runbook,
                "next": r.look,
            }
            for r in gate.results
        ],
    }


def notify(outcome: Outcome) -> Document:
    """`tiermix.notify/1`."""
    return _envelope("notify", None, all(d.sent for d in outcome.deliveries) or outcome.dry, ()) | {
        "dry_run": outcome.dry,
        "open": outcome.open,
        "messages": [
            {
                "channel": d.channel,
                "sent": d.sent,
                "fault": d.fault or None,
                "title": d.title,
                "body": d.body,
                "incidents": [
                    {
                        "kind": m.incident.kind,
                        "subject": m.incident.subject,
                        "action": m.action,
                        "severity": m.severity,
                        "started": rfc3339(m.incident.started),
                    }
                    for m in d.messages
                ],
            }
            for d in outcome.deliveries
        ],
    }


def trust(answer: Trust) -> Document:
    """The trust box as part of a document."""
    return {
        "first": rfc3339(answer.first) if answer.first else None,
        "complete_through": rfc3339(answer.last) if answer.last else None,
        "minutes": answer.minutes,
        "silent_minutes": answer.silent_minutes,
        "files": answer.files,
        "lines": answer.lines,
        "duplicates": answer.duplicates,
        "quarantined": answer.quarantined,
        "requests": answer.requests,
        "drills": answer.drills,
        "unknown": answer.unknown,
        "without_id": answer.no_id,
        "fallback_unknown": answer.fallback_unknown,
        "cannot_tell": [
            {"source": s.source, "intended": s.intended, "fallback": s.fallback} for s in answer.cannot_tell
        ],
        "sources": dict(answer.sources),
        "unknown_models": dict(answer.unknown_models),
        "tiers_assumed": answer.tiers_assumed,
        "config": {"path": answer.config_path, "sha256": answer.config_sha256},
        "queries_sha256": answer.queries_sha256,
    }


def status(frame: Frame, answer: Trust, quarantine: list[Document]) -> Document:
    """`tiermix.status/1`."""
    out = _envelope("status", frame, not any(n.code == "stale" for n in frame.warnings), frame.warnings)
    return out | {"trust": trust(answer), "quarantine": quarantine}


def receipt(answer: Receipt) -> Document:
    """`tiermix.ingest/1`."""
    return _envelope("ingest", None, not answer.too_bad and not answer.failures, answer.warnings) | {
        "files": [_file(f) for f in answer.files],
        "lines": answer.lines,
        "accepted": answer.accepted,
        "duplicate": answer.duplicate,
        "quarantined": answer.quarantined,
        "requests": answer.requests,
        "seconds": round(answer.seconds, 3),
        "errors": [error(f)["error"] for f in answer.failures],
    }


def _file(f: FileReceipt) -> Document:
    return {
        "path": f.path,
        "source": f.source,
        "lines": f.lines,
        "accepted": f.accepted,
        "duplicate": f.duplicate,
        "quarantined": f.quarantined,
        "unchanged": f.unchanged,
    }


def report(answer: Report) -> Document:
    """`tiermix.report/1`: the whole report."""
    return _envelope("report", answer.frame, answer.ok, answer.frame.warnings) | {
        "title": answer.title,
        "owner": answer.owner,
        "verdict": words.verdict(answer.mix, answer.burn),
        "mix": _mix_body(answer.mix),
        "intents": _groups(answer.intents),
        "reasons": _groups(answer.reasons),
        "slos": [_slo(s) for s in answer.burn.slos],
        "budget_days": {name: list(left) for name, left in answer.budget_days.items()},
        "drift": drift_document.drift(answer.drift),
        "change": change_document.change(answer.change) if answer.change else None,
        "trust": trust(answer.trust),
    }


def explain(answer: Explained) -> Document:
    """`tiermix.explain/1`."""
    body = change_document.change(answer.change)
    return _envelope("explain", answer.frame, True, answer.frame.warnings) | body


def drift(answer: Drifts) -> Document:
    """`tiermix.drift/1`."""
    return _envelope("drift", answer.frame, answer.ok, answer.frame.warnings) | drift_document.drift(answer)


def drift_replay(answer: DriftReplay) -> Document:
    """`tiermix.drift-replay/1`."""
    notes = answer.frame.warnings if answer.frame else ()
    return _envelope("drift-replay", answer.frame, True, notes) | drift_document.replay(answer)


def drift_self_check(answer: SelfCheck) -> Document:
    """`tiermix.drift-self-check/1`."""
    body = drift_document.self_check(answer)
    return _envelope("drift-self-check", answer.frame, True, answer.frame.warnings) | body


def history(answer: EachWeek) -> Document:
    """`tiermix.explain-weeks/1`."""
    body = change_document.history(answer.history)
    return _envelope("explain-weeks", answer.frame, True, answer.frame.warnings) | body


def error(fault: TiermixError) -> Document:
    """The error document; a configuration lists every fault."""
    body: Document = {"code": fault.code, "message": fault.message, "where": fault.where, "hint": fault.hint}
    if isinstance(fault, ConfigError):
        body["faults"] = [{"where": f.where, "message": f.message, "hint": f.hint} for f in fault.faults]
    return {"error": body}
