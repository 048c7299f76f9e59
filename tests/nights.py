"""For tests of notify: a product that lives from night to night, the channels it tells, and a way to kill it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Program, Ran, write_lines
from tests.receivers import Receiver, receiver
from tiermix.main import main

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
SHARES = {"fine": 0, "ticket": 3, "page": 16}  # bad requests of every 20

# A window of a day, so that a matter can pass the next night: missed above 10% bad, a page above 50%.
CONFIG = """\
owner = "platform"
[[tier]]
name = "primary"
[[tier]]
name = "secondary"
[[slo]]
name = "shop"
window = "1d"
target = 0.9
owner = "@shop-oncall"
runbook = "https://wiki.example/shop"
[[slo.alert]]
severity = "page"
factor = 5
long = "6h"
short = "1h"
[[slo.alert]]
severity = "ticket"
factor = 1.2
long = "6h"
short = "1h"
[notify]
timeout = "1s"
retries = 0
"""
CHAT = '[[notify.channel]]\nname = "chat"\nurl_env = "TIERMIX_NOTIFY_CHAT"\n'
AM = '[[notify.channel]]\nname = "am"\nkind = "alertmanager"\nurl_env = "TIERMIX_AM"\n'
PAGER = '[[notify.channel]]\nname = "pager"\nurl_env = "TIERMIX_NOTIFY_PAGER"\nmin_severity = "page"\n'


def requests(day: datetime, kind: str, *, intent: str = "all", hours: float = 6) -> list[dict[str, Any]]:
    """A request a minute over the last hours of a day, bad ones spread evenly."""
    count = int(hours * 60)
    start = day + timedelta(days=1) - timedelta(minutes=count)
    return [
        {
            "ts": (start + timedelta(minutes=i)).isoformat(),
            "request_id": f"{intent}-{day:%j}-{i}",
            "tier": "secondary" if i % 20 < SHARES[kind] else "primary",
            "intent": intent,
        }
        for i in range(count)
    ]


class Nights:
    """A product that lives from night to night: its log of a day, then ingest and a run of notify, in this process."""

    def __init__(self, folder: Path, first: datetime = FIRST) -> None:
        self.folder = folder
        self.day = first - timedelta(days=1)
        self.now = first
        self.env = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "COLUMNS": "80"}

    def configure(self, *parts: str) -> None:
        (self.folder / "tiermix.toml").write_text(CONFIG + "".join(parts))

    def ahead(self, *kinds: str, refunds: Sequence[str] = ()) -> None:
        """Ingests the logs of the next days at once, which nobody sees before `sleep`; `none` is a day without one.

        What is dated after the clock is left out of every answer, so one ingest serves many nights.
        """
        records = []
        for i, (kind, refund) in enumerate(zip_longest(kinds, refunds, fillvalue="none"), start=1):
            day = self.day + timedelta(days=i)
            records += [] if kind == "none" else requests(day, kind)
            records += [] if refund == "none" else requests(day, refund, intent="refund")
        if records:
            log = write_lines(self.folder / f"{self.day:%j}.jsonl", records)
            assert self.run("ingest", str(log)).code == 0

    def sleep(self) -> None:
        """A day passes; it is two in the morning."""
        self.day += timedelta(days=1)
        self.now = self.day + timedelta(days=1, hours=2)

    def live(self, kind: str, refunds: str = "none") -> None:
        """A day passes, and its log is ingested."""
        self.ahead(kind, refunds=[refunds])
        self.sleep()

    def run(self, *args: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patched,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patched.chdir(self.folder)
            patched.setenv("TIERMIX_NOW", self.now.isoformat())
            for key in ("TIERMIX_NOTIFY_CHAT", "TIERMIX_NOTIFY_PAGER"):
                patched.delenv(key, raising=False)
            for key, value in self.env.items():
                patched.setenv(key, value)
            code = main(args or ("notify",))
        return Ran(code, out.getvalue(), err.getvalue())

    def process(self, *args: str) -> Ran:
        """The same as a process, where the time and the end of it matter."""
        return Program(self.folder, self.now.isoformat())(*(args or ("notify",)), env=self.env)

    def night(self, kind: str, *args: str) -> Ran:
        """A day passes, its log is ingested, and notify runs."""
        self.live(kind)
        return self.run(*args)

    def next(self, *args: str) -> Ran:
        """The next of the days that were ingested ahead, and a run of notify after it."""
        self.sleep()
        return self.run(*args)

    def held(self) -> tuple[int, int]:
        """Rows of open incidents and of what channels were told."""
        with duckdb.connect(str(self.folder / "tiermix.duckdb"), read_only=True) as db:
            rows = db.execute("SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM told)").fetchall()
        return rows[0][0], rows[0][1]


REFUNDS = '[[slo]]\nname = "refunds"\nwindow = "1d"\nwhere = { intent = ["refund"] }\n'


KILLER = """
import os, signal, sys
import tiermix.notify.tell as tell
from tiermix.notify import memory, wire
from tiermix.store import Store
from tiermix.main import main
target, when = sys.argv[1], sys.argv[2]
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def fatal(work, only=None):
    def run(*args, **kw):
        hit = only is None or only in args
        if hit and when == "before": die()
        done = work(*args, **kw)
        if hit: die()
        return done
    return run
if target.startswith("Store.ask "):
    Store.ask = fatal(Store.ask, target.split()[1])
elif target:
    where, name = target.split(".")
    module = {"memory": memory, "wire": wire}[where]
    setattr(module, name, fatal(getattr(module, name)))
sys.exit(main(["notify", *sys.argv[3:]]))
"""


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def pager() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def nights(tmp_path: Path, chat: Receiver, pager: Receiver) -> Nights:
    made = Nights(tmp_path)
    made.configure(CHAT)
    made.env |= {
        "TIERMIX_NOTIFY_CHAT": f"json://127.0.0.1:{chat.port}/",
        "TIERMIX_NOTIFY_PAGER": f"json://127.0.0.1:{pager.port}/",
    }
    return made
