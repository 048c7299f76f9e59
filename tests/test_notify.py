"""Telling people: once a matter, again when it is worse, once more when it has passed; and never a hang."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import ROOT
from tests.nights import CHAT, CONFIG, FIRST, KILLER, PAGER, REFUNDS, Nights
from tests.receivers import Receiver, free_port


def test_one_message_a_matter_then_silence_then_worse_then_resolved(nights: Nights, chat: Receiver) -> None:
    # Catches a message per row, one per night, and a matter that is told as new after it got worse or passed.
    days = ("fine", "ticket", "ticket", "ticket", "page", "page", "ticket", "fine", "fine", "page")
    nights.ahead(*days)
    ran = nights.next()
    assert (ran.code, ran.out) == (0, "nothing new to tell; 0 incidents open\n")
    assert nights.next().code == 0
    assert [m["title"] for m in chat.got] == ["[ticket] slo shop: target, ticket 6h/1h"]
    assert chat.got[0]["type"] == "warning"
    body = chat.got[0]["message"]
    assert "missed, 85.0% primary over 1d against a target of 90%" in body
    assert "since 2026-11-03 00:00 UTC; checked as of 2026-11-03 00:00 UTC" in body
    assert "owner: @shop-oncall" in body
    assert "runbook: https://wiki.example/shop" in body
    assert "next: tiermix burn --slo shop" in body
    chat.got.clear()
    assert nights.next().code == 0
    assert nights.next().out == "nothing new to tell; 1 incident open\n"
    assert chat.got == []
    nights.next()
    assert [(m["title"], m["type"]) for m in chat.got] == [
        ("[page] worse: slo shop: target, page 6h/1h, ticket 6h/1h", "failure")
    ]
    assert "since 2026-11-03 00:00 UTC" in chat.got[0]["message"]
    chat.got.clear()
    nights.next()
    nights.next()  # less urgent is no news
    assert chat.titles() == []
    ran = nights.next()
    assert ran.out.endswith("1 message sent; 0 incidents open\n")
    assert [(m["title"], m["type"]) for m in chat.got] == [("[resolved] slo shop", "success")]
    assert "kept, 100.0% primary over 1d" in chat.got[0]["message"]
    assert nights.held() == (0, 0)
    chat.got.clear()
    nights.next()
    assert chat.titles() == []
    nights.next()
    assert chat.titles() == ["[page] slo shop: target, page 6h/1h, ticket 6h/1h"]


def test_a_matter_that_lasts_is_said_again_after_remind_every(nights: Nights, chat: Receiver) -> None:
    (nights.folder / "tiermix.toml").write_text(CONFIG + 'remind_every = "3d"\n' + CHAT)
    nights.ahead(*["ticket"] * 8)
    said = []
    for night in range(1, 9):
        nights.sleep()
        # Cron is never exactly on time: a run half a minute early must not put the reminder off by a night.
        nights.now -= timedelta(seconds=30 * (night % 2))
        nights.run()
        said += [(night, t) for t in chat.titles()]
    assert said == [
        (1, "[ticket] slo shop: target, ticket 6h/1h"),
        (4, "[ticket] still: slo shop: target, ticket 6h/1h"),
        (7, "[ticket] still: slo shop: target, ticket 6h/1h"),
    ]


def test_a_channel_for_pages_hears_of_nothing_less_and_when_nothing_pages_any_more(
    nights: Nights, chat: Receiver, pager: Receiver
) -> None:
    nights.configure(CHAT, PAGER)
    nights.night("ticket")
    assert (len(chat.titles()), pager.titles()) == (1, [])
    nights.night("page")
    assert pager.titles() == ["[page] slo shop: page 6h/1h"]
    nights.night("ticket")
    assert pager.titles() == ["[resolved] slo shop"]
    assert chat.titles() == ["[page] worse: slo shop: target, page 6h/1h, ticket 6h/1h"]
    assert nights.held() == (1, 1)


def test_stale_data_is_told_and_takes_nothing_back(nights: Nights, chat: Receiver) -> None:
    # Catches an all-clear from data that stopped coming, the worst message there is.
    nights.night("page")
    chat.got.clear()
    nights.night("none")
    assert chat.titles() == []  # the data is 26 h old: as old as it may be
    ran = nights.night("none")
    assert chat.titles() == ["[ticket] freshness store"]
    assert "2 incidents open" in ran.out
    nights.night("none")
    assert chat.titles() == []
    nights.night("fine")
    assert sorted(chat.titles()) == ["[resolved] freshness store", "[resolved] slo shop"]


def test_no_data_neither_resolves_nor_is_silent(nights: Nights, chat: Receiver) -> None:
    nights.configure(REFUNDS, CHAT)
    nights.live("fine", "page")
    nights.run()
    assert [t.split(":")[0] for t in chat.titles()] == ["[page] slo refunds", "[ticket] slo shop"]
    nights.night("fine")
    assert chat.titles() == ["[resolved] slo shop"]  # no refund was asked for: neither over nor worse
    ran = nights.run("notify", "--allow-no-data")
    assert (chat.titles(), ran.out) == ([], "nothing new to tell; 1 incident open\n")
    nights.live("fine", "fine")
    nights.run()
    assert chat.titles() == ["[resolved] slo refunds"]


def test_what_is_no_longer_checked_is_closed_but_not_by_a_run_that_looked_elsewhere(
    nights: Nights, chat: Receiver
) -> None:
    nights.night("page")
    chat.got.clear()
    for narrow in (("--only", "freshness"), ("--only", "slo", "--slo", "shop")):
        nights.run("notify", *narrow)
        assert chat.titles() == []
    text = CONFIG.replace('name = "shop"', 'name = "store"')
    (nights.folder / "tiermix.toml").write_text(text + CHAT)
    nights.run()
    told = {m["title"]: m["message"] for m in chat.got}
    assert set(told) == {
        "[resolved] slo shop",
        "[page] slo store: target, page 6h/1h, ticket 6h/1h",
    }
    assert "it is no longer checked" in told["[resolved] slo shop"]


def test_a_channel_that_left_the_configuration_keeps_no_incident_open(
    nights: Nights, chat: Receiver, pager: Receiver
) -> None:
    nights.configure(CHAT, PAGER)
    nights.ahead("page", "fine")
    nights.next()
    assert nights.held() == (1, 2)
    nights.configure(CHAT)
    nights.next()
    assert nights.held() == (0, 0)
    assert (len(chat.titles()), len(pager.titles())) == (2, 1)


def test_several_incidents_are_several_messages_or_one_digest(nights: Nights, chat: Receiver, pager: Receiver) -> None:
    digest = PAGER.replace('min_severity = "page"', "digest = true")
    nights.configure(REFUNDS, CHAT, digest)
    nights.live("ticket", "page")
    assert nights.run().code == 0
    assert [t.split(":")[0] for t in chat.titles()] == ["[page] slo refunds", "[ticket] slo shop"]
    (one,) = pager.got
    assert one["title"] == "[page] tiermix: 2 incidents"
    assert one["type"] == "failure"
    assert one["message"].count("next: tiermix burn --slo ") == 2
    pager.got.clear()
    nights.live("fine", "fine")
    nights.run()
    assert sorted(chat.titles()) == ["[resolved] slo refunds", "[resolved] slo shop"]
    assert [(m["title"], m["type"]) for m in pager.got] == [("[resolved] tiermix: 2 incidents", "success")]


def test_the_address_can_carry_the_incident_as_a_key(nights: Nights, chat: Receiver) -> None:
    nights.env["TIERMIX_NOTIFY_CHAT"] += "hook/{incident}"
    nights.night("page")
    nights.night("fine")
    assert [path for path, _, _ in chat.seen] == ["/hook/slo%2Fshop"] * 2


def test_a_name_from_a_log_calls_nobody_but_the_owner_does() -> None:
    from tiermix.render.message import body, title
    from tiermix.verdicts import CheckResult, Incident, Message

    bad = "@everyone <!channel> <@U123>\x1b[2J\u202e"
    found = CheckResult(bad, bad, "breached", bad, {}, "@llm-oncall", "page", bad, bad, "slo")
    made = Message(Incident("slo", bad, FIRST), "new", "page", (found,))
    for text in (title(made), body(made, FIRST).replace("owner: @llm-oncall", "")):
        assert "@everyone" not in text
        assert "<!" not in text
        assert "<@" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "owner: @llm-oncall" in body(made, FIRST)


# Channels that fail.


@pytest.mark.parametrize(
    ("status", "attempts", "says"),
    [
        (500, 2, "answered HTTP 500 (2 attempts)"),
        (429, 2, "answered HTTP 429 (2 attempts)"),
        (404, 1, "answered HTTP 404"),
    ],
)
def test_a_channel_that_refuses_is_named_and_gets_it_next_time(
    nights: Nights, chat: Receiver, pager: Receiver, status: int, attempts: int, says: str
) -> None:
    nights.configure(CHAT, PAGER)
    config = nights.folder / "tiermix.toml"
    config.write_text(config.read_text().replace("retries = 0", "retries = 1"))
    chat.status = status
    ran = nights.night("page")
    assert ran.code == 75
    assert f"tiermix: error: channel chat: {says}" in ran.err
    assert len(chat.seen) == attempts
    assert pager.titles() == ["[page] slo shop: page 6h/1h"]  # one that fails keeps no other from being told
    assert "NOT SENT to chat: [page] slo shop" in ran.out
    chat.status = 200
    assert nights.run().code == 0
    assert chat.titles() == ["[page] slo shop: target, page 6h/1h, ticket 6h/1h"]
    assert pager.titles() == []


def test_a_channel_that_is_down_or_slow_hangs_nothing(nights: Nights, chat: Receiver, pager: Receiver) -> None:
    nights.configure(CHAT, PAGER)
    nights.env["TIERMIX_NOTIFY_CHAT"] = f"json://127.0.0.1:{free_port()}/"
    pager.delay = 60
    nights.live("page")
    began = time.monotonic()
    ran = nights.process("notify", "--json")
    assert time.monotonic() - began < 50  # it gives up after a second; the receiver would take a minute
    assert ran.code == 75
    assert [(m["channel"], m["sent"], m["fault"]) for m in ran.json["messages"]] == [
        ("chat", False, "could not be reached, or did not answer in time"),
        ("pager", False, "could not be reached, or did not answer in time"),
    ]
    assert ran.json["ok"] is False


def test_a_server_that_drips_is_given_up_as_well(nights: Nights) -> None:
    # Every byte resets the timeout of a socket: catches a bound that only the sockets keep.
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(0.3):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    nights.env["TIERMIX_NOTIFY_CHAT"] = f"json://127.0.0.1:{server.getsockname()[1]}/"
    nights.live("page")
    began = time.monotonic()
    ran = nights.process()
    took = time.monotonic() - began
    stop.set()
    server.close()
    assert ran.code == 75
    assert "did not answer in 3 s" in ran.err
    assert took < 50


def test_after_a_failure_a_channel_is_left_alone_until_the_next_run(nights: Nights, chat: Receiver) -> None:
    # Catches a timeout for each of many messages to a channel that is down.
    nights.configure(REFUNDS, CHAT)
    chat.status = 503
    nights.live("page", "page")
    ran = nights.run()
    assert len(chat.seen) == 1
    assert "not tried, since the message before it failed" in ran.out
    chat.status = 200
    nights.run()
    assert len(chat.titles()) == 2


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (None, "TIERMIX_NOTIFY_CHAT is not set"),
        ("", "TIERMIX_NOTIFY_CHAT is not set"),
        ("nosuch://token", "TIERMIX_NOTIFY_CHAT holds no address that Apprise knows"),
    ],
)
def test_a_channel_that_cannot_work_is_2_and_keeps_no_other_from_being_told(
    nights: Nights, pager: Receiver, url: str | None, says: str
) -> None:
    nights.configure(CHAT, PAGER)
    nights.env.pop("TIERMIX_NOTIFY_CHAT")
    if url is not None:
        nights.env["TIERMIX_NOTIFY_CHAT"] = url
    ran = nights.night("page")
    assert ran.code == 2
    assert f"channel chat: {says}" in ran.err
    assert len(pager.titles()) == 1


def test_without_apprise_the_message_says_what_to_install(nights: Nights) -> None:
    (nights.folder / "apprise.py").write_text("raise ImportError\n")
    nights.env["PYTHONPATH"] = f"{nights.folder}{os.pathsep}{ROOT}"
    nights.live("page")
    ran = nights.process()
    assert ran.code == 2
    assert "pip install 'tiermix[notify]'" in ran.err


def test_no_channel_at_all_is_a_usage_error(nights: Nights) -> None:
    nights.configure()
    assert nights.night("page").code == 2
    ran = nights.run("check", "--notify")
    assert (ran.code, ran.out) == (2, "")
    assert "[[notify.channel]]" in ran.err
    nights.configure(CHAT)
    ran = nights.run("notify", "--channel", "chta")
    assert ran.code == 2
    assert "did you mean 'chat'?" in ran.err


# check --notify, --dry-run, --test, --as-of.


def test_check_notify_answers_on_stdout_and_a_breach_is_1_whoever_could_be_told(nights: Nights, chat: Receiver) -> None:
    ran = nights.night("page", "check", "--notify", "--json")
    assert ran.code == 1
    assert ran.json["exit_code"] == 1
    assert "sent to chat: [page] slo shop" in ran.err
    assert len(chat.titles()) == 1
    chat.status = 500
    ran = nights.night("fine", "check", "--notify")
    assert ran.code == 75  # nothing is breached, but somebody still believes it
    assert ran.out.splitlines()[-1].startswith("ok: ")
    ran = nights.night("page", "-q", "check", "--notify")  # told before, so there is nothing new to tell
    assert (ran.code, ran.err) == (1, "")
    nights.env.pop("TIERMIX_NOTIFY_CHAT")
    nights.night("fine")
    ran = nights.run("-q", "check", "--notify")
    assert ran.code == 2
    assert ran.err.startswith("tiermix: error: channel chat: TIERMIX_NOTIFY_CHAT is not set")


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "tiermix.duckdb").read_bytes()).hexdigest()


def test_a_dry_run_shows_every_word_and_changes_nothing(nights: Nights, chat: Receiver) -> None:
    nights.live("page")
    before = digest(nights.folder)
    ran = nights.run("notify", "--dry-run")
    assert ran.code == 0
    assert "would send to chat: [page] slo shop: target, page 6h/1h, ticket 6h/1h" in ran.out
    assert "runbook: https://wiki.example/shop" in ran.out
    assert "1 message to send" in ran.out
    dry = nights.run("notify", "--dry-run", "--json").json
    assert chat.seen == []
    assert digest(nights.folder) == before
    nights.run()
    assert [(m["title"], m["message"]) for m in chat.got] == [(m["title"], m["body"]) for m in dry["messages"]]


def test_a_test_message_goes_to_every_channel_and_leaves_nothing_behind(
    nights: Nights, chat: Receiver, pager: Receiver
) -> None:
    nights.configure(CHAT, PAGER)
    ran = nights.run("notify", "--test")  # there is not even a store yet
    assert ran.code == 0
    assert chat.titles() == pager.titles() == ["[test] tiermix"]
    assert not (nights.folder / "tiermix.duckdb").exists()
    pager.status = 401
    ran = nights.run("notify", "--test", "--channel", "pager")
    assert ran.code == 75
    assert "channel pager: answered HTTP 401" in ran.err
    assert chat.titles() == []


def test_nights_can_be_played_again_in_order_but_never_taken_back(nights: Nights, chat: Receiver) -> None:
    nights.ahead("fine", "page", "page", "fine")
    nights.day += timedelta(days=4)
    nights.now = nights.day + timedelta(days=1, hours=2)
    moments = [(FIRST + timedelta(days=n + 1)).isoformat() for n in range(4)]
    said = []
    for moment in moments:
        assert nights.run("notify", "--as-of", moment).code == 0
        said.append(chat.titles())
    assert said == [[], ["[page] slo shop: target, page 6h/1h, ticket 6h/1h"], [], ["[resolved] slo shop"]]
    nights.night("page")
    chat.got.clear()
    ran = nights.run("notify", "--as-of", moments[0])
    assert ran.code == 2
    assert "told of 2026-11-06 02:00 UTC already" in ran.err
    assert nights.run("notify", "--as-of", moments[0], "--dry-run").code == 0
    assert chat.titles() == []


# Crashes.

STEPS = {
    "before it is written down": ("memory.enter", "before", False),
    "after it is written down": ("memory.enter", "after", False),
    "before it is sent": ("wire.send", "before", False),
    "when the receiver has it": ("", "", True),
    "after it is sent": ("wire.send", "after", True),
    "before it is remembered": ("memory.record", "before", True),
    "within the transaction that remembers it": ("Store.ask notify/tell", "after", True),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_tells_again_rather_than_never(nights: Nights, chat: Receiver, step: str) -> None:
    # Catches a state that is committed before the message has gone, and a beginning that is lost with the process.
    target, when, arrives = STEPS[step]
    nights.ahead("page", "page", "page", "fine")
    nights.sleep()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLER, target, when], cwd=nights.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **nights.env, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": nights.now.isoformat()},
    )  # fmt: skip
    if not target:
        chat.on_request = lambda: process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    chat.on_request = lambda: None
    assert bool(chat.seen) == arrives
    chat.got.clear()
    nights.next()
    assert len(chat.got) == 1
    assert chat.got[0]["title"].startswith("[page] slo shop")
    if step != "before it is written down":
        assert "since 2026-11-02 00:00 UTC" in chat.got[0]["message"]
    chat.got.clear()
    nights.next()
    assert chat.titles() == []
    nights.next()
    assert chat.titles() == ["[resolved] slo shop"]
    assert nights.held() == (0, 0)


def test_killed_after_it_is_remembered_it_says_nothing_twice(nights: Nights, chat: Receiver) -> None:
    nights.live("page")
    done = subprocess.run(
        [sys.executable, "-c", KILLER, "memory.record", "after"], cwd=nights.folder, timeout=60, check=False,
        env={**os.environ, **nights.env, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": nights.now.isoformat()},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert len(chat.titles()) == 1
    nights.night("page")
    assert chat.titles() == []


def test_a_store_that_cannot_be_written_keeps_nobody_from_being_told(
    nights: Nights, chat: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A full disk on the night of an outage: the page goes out, and the fault is said.
    from tiermix.errors import StoreFull
    from tiermix.store import Store

    def full(*args: Any, **kw: Any) -> Any:
        raise StoreFull("there is no room to write", where="tiermix.duckdb", hint="free disk space")

    nights.live("page")
    monkeypatch.setattr(Store, "write", full)
    ran = nights.run()
    assert ran.code == 4
    assert "there is no room to write" in ran.err
    assert len(chat.titles()) == 1


def test_a_busy_store_is_75_before_anybody_is_told_and_1_for_a_breach(nights: Nights, chat: Receiver) -> None:
    nights.live("page")
    with duckdb.connect(str(nights.folder / "tiermix.duckdb"), read_only=True):
        ran = nights.process("notify", "--wait", "0")
        assert ran.code == 75
        assert chat.seen == []
        ran = nights.process("check", "--notify", "--wait", "0")
        assert ran.code == 1
        assert "the store is in use" in ran.err
    assert nights.run().code == 0
    assert len(chat.titles()) == 1
