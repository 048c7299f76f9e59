"""The configuration, checked or shown."""

from __future__ import annotations

import os
from pathlib import Path

from tiermix import config, console
from tiermix.cli.common import (
    config_of,
    config_path_of,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    ConfigFile,
    Db,
    Json,
)
from tiermix.errors import UsageError


def check(config_path: ConfigFile = None, as_json: Json = False) -> None:
    """Check the configuration: every fault at once, each with file, key and cure."""
    found = config_path_of(config_path)
    if found is None:
        raise UsageError(
            "there is no tiermix.toml here or above", where=str(Path.cwd()), hint="tiermix init writes one"
        )
    settings = config.load(found)
    counts = f"tiers: {len(settings.tiers)}, SLOs: {len(settings.slos)}, switches: {len(settings.switches)}"
    if as_json:
        from tiermix.render import document

        console.say(document.dumps({"schema": "tiermix.config-check/1", "ok": True, "path": str(found)}) + "\n")
    else:
        console.say(f"{found}: ok ({counts})\n")


def show_all(config_path: ConfigFile = None, db: Db = DEFAULT_DB, as_json: Json = False) -> None:
    """Show every setting in force and where it comes from."""
    from tiermix.render import document
    from tiermix.setup import settings_rows

    rows = settings_rows(config_of(config_path), str(db), os.environ)
    if as_json:
        listed = [{"key": k, "value": v, "origin": origin} for k, v, origin in rows]
        console.say(document.dumps({"schema": "tiermix.config/1", "settings": listed}) + "\n")
        return
    console.say("".join(f"{k} = {v}    # {origin}\n" for k, v, origin in rows))
