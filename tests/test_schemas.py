"""What commands print fits the published JSON Schemas, and the schemas allow nothing they do not describe."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.conftest import Program, small_records
from tiermix import schemas
from tiermix.model import MAPPABLE_FIELDS
from tiermix.sources import dialects


def schema(name: str) -> Any:
    return json.loads(schemas.load(name))


def check(document: Any, name: str) -> None:
    jsonschema.Draft202012Validator(schema(name), format_checker=jsonschema.FormatChecker()).validate(document)


def undescribed(document: Any, described: Any, path: str = "") -> list[str]:
    """Keys of a document that its schema does not describe."""
    if isinstance(document, dict):
        known = described.get("properties", {})
        extra = described.get("additionalProperties")
        out = []
        for key, value in document.items():
            if key in known or extra:
                out += undescribed(value, known.get(key, extra), f"{path}.{key}")
            else:
                out.append(f"{path}.{key}")
        return out
    if isinstance(document, list):
        return [x for item in document for x in undescribed(item, described.get("items", {}), f"{path}[]")]
    return []


CASES = {
    "mix": ("mix", "--by", "intent", "--json"),
    "burn": ("burn", "--json"),
    "burn by": ("burn", "--by", "intent", "--json"),
    "burn-replay": ("burn", "--replay", "30d", "--json"),
    "burn-calendar": ("burn", "--calendar", "--json"),
    "drift": ("drift", "--json"),
    "drift by": ("drift", "--by", "intent", "--json"),
    "drift-replay": ("drift", "--replay", "--json"),
    "explain": ("explain", "--json", "--all"),
    "explain nested": ("explain", "--by", "intent,model", "--json"),
    "explain-weeks": ("explain", "--each-week", "--json"),
    "check": ("check", "--json"),
    "status": ("status", "--json"),
    "report": ("report", "--json"),
}


@pytest.mark.parametrize("name", CASES)
def test_documents(small_store: Program, name: str) -> None:
    ran = small_store(*CASES[name])
    name = name.split()[0]
    assert ran.json["schema"] == f"tiermix.{name}/1"
    check(ran.json, name)
    assert undescribed(ran.json, schema(name)) == []


def test_the_receipt_of_an_ingest(small_store: Program) -> None:
    (small_store.folder / "more.jsonl").write_text('{"ts": "2026-11-20T00:00:00Z", "tier": "primary"}\nbroken\n')
    ran = small_store("ingest", "more.jsonl", "--json", "--max-bad", "1")
    check(ran.json, "ingest")
    assert undescribed(ran.json, schema("ingest")) == []


def test_what_notify_prints(small_store: Program) -> None:
    config = small_store.folder / "tiermix.toml"
    config.write_text(config.read_text() + '[[notify.channel]]\nname = "chat"\nurl_env = "NOT_SET"\n')
    for args, code in (((), 2), (("--dry-run",), 0)):
        ran = small_store("notify", "--json", *args)
        assert ran.code == code
        check(ran.json, "notify")
        assert undescribed(ran.json, schema("notify")) == []
        assert len(ran.json["messages"]) == 1


def test_errors(tiermix: Program) -> None:
    ran = tiermix("mix", "--json")
    check(ran.json, "error")
    assert ran.json["error"]["code"] == "store_missing"


def test_the_request_schema_describes_the_native_log() -> None:
    described = set(schema("request")["properties"])
    assert described == set(dialects()["native"].columns)
    assert described | {"route", "cached"} == {*MAPPABLE_FIELDS, "attempts"}
    for record in small_records():
        check(record, "request")


@pytest.mark.parametrize(
    "record",
    [
        {"tier": "primary"},
        {"ts": "2026-11-20T00:00:00Z"},
        {"ts": "2026-11-20T00:00:00Z", "tier": "primary", "latency_ms": "fast"},
        {"ts": "2026-11-20T00:00:00Z", "tier": "primary", "status": "great"},
        {"ts": "2026-11-20T00:00:00Z", "tier": "primary", "input_tokens": -1},
        {"ts": "2026-11-20T00:00:00Z", "tier": "primary", "drill": "maybe"},
    ],
)
def test_what_the_request_schema_forbids_goes_to_the_quarantine(tiermix: Program, record: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(record, "request")
    good = {"ts": "2026-11-20T00:00:00Z", "tier": "primary", "request_id": "x"}
    (tiermix.folder / "log.jsonl").write_text(json.dumps(good) + "\n" + json.dumps(record) + "\n")
    ran = tiermix("ingest", "log.jsonl", "--json", "--max-bad", "1", "--source", "native")
    assert (ran.json["accepted"], ran.json["quarantined"]) == (1, 1)


def test_the_schema_command_lists_and_prints_them(tiermix: Program) -> None:
    listed = tiermix("schema").out.split()
    assert {"request", "mix", "burn", "report"} <= set(listed)
    for name in listed:
        assert json.loads(tiermix("schema", name).out)["$schema"].startswith("https://json-schema.org/")
    ran = tiermix("schema", "reqest")
    assert ran.code == 2
    assert "did you mean request?" in ran.err
