"""Alerts in a real Alertmanager: what it holds is asked of it, and what it tells is heard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.nights import AM, FIRST, KILLER, REFUNDS, Nights
from tests.receivers import Alertmanager, Receiver, alertmanager, free_port, receiver


@pytest.fixture(scope="module")
def desk_lamp() -> Iterator[Receiver]:
    """What the Alertmanager tells."""
    with receiver() as made:
        yield made


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory, desk_lamp: Receiver) -> Iterator[Alertmanager]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager"), desk_lamp) as made:
        yield made


def held_by(manager: Alertmanager, environment: str) -> dict[str, dict[str, Any]]:
    """What an Alertmanager takes for going on, of one test, by severity; there must be one of each at most."""
    found = [a for a in manager.alerts() if a["labels"].get("environment") == environment]
    by_severity = {a["labels"]["severity"]: a for a in found}
    assert len(found) == len(by_severity)
    return by_severity


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def to_manager(manager: Alertmanager, environment: str, more: str = "") -> str:
    return (
        f'[[notify.channel]]\nname = "am"\nkind = "alertmanager"\nurl = "{manager.url}"\n'
        f'labels = {{ environment = "{environment}" }}\n{more}'
    )


@pytest.fixture
def past(tmp_path: Path) -> Nights:
    """Nights that end a day ago by the real clock, since an Alertmanager has no other."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = Nights(tmp_path, today - timedelta(days=8))
    made.configure()
    return made


def play(nights: Nights, *kinds: str, refunds: Sequence[str] = ()) -> list[str]:
    """Ingests nights; returns the moments of their ends, to ask for one after the other under the real clock."""
    nights.ahead(*kinds, refunds=refunds)
    nights.now = datetime.now(UTC)
    return [(nights.day + timedelta(days=2 + i)).isoformat() for i in range(len(kinds))]


def test_alertmanager_holds_an_alert_from_its_beginning_through_every_night_until_it_is_resolved(
    past: Nights, manager: Alertmanager
) -> None:
    past.configure(to_manager(manager, "nights"))
    ends = play(past, "fine", "ticket", "ticket", "page", "page", "fine", "page")
    began = datetime.now(UTC)

    assert past.run("notify", "--as-of", ends[0]).code == 0
    assert held_by(manager, "nights") == {}

    ran = past.run("notify", "--as-of", ends[1])
    assert ran.code == 0, ran.err
    first = held_by(manager, "nights")["ticket"]
    assert first["labels"] == {
        "alertname": "TiermixSlo", "kind": "slo", "subject": "shop", "slo": "shop", "severity": "ticket",
        "owner": "@shop-oncall", "environment": "nights",
    }  # fmt: skip
    assert first["annotations"]["summary"] == "[ticket] slo shop: target, ticket 6h/1h"
    assert "missed, 85.0% primary over 1d" in first["annotations"]["description"]
    assert first["annotations"]["runbook_url"] == "https://wiki.example/shop"
    assert first["status"]["state"] in ("active", "unprocessed")
    assert moment(first["startsAt"]) == moment(ends[1])
    # Its resolve_timeout is 5 minutes: without an end of ours it would send an all-clear long before the next night.
    assert moment(first["endsAt"]) >= began + timedelta(hours=49)

    assert past.run("notify", "--as-of", ends[2]).code == 0
    again = held_by(manager, "nights")["ticket"]
    assert again["fingerprint"] == first["fingerprint"]
    assert moment(again["startsAt"]) == moment(ends[1])
    assert moment(again["updatedAt"]) > moment(first["updatedAt"])
    assert moment(again["endsAt"]) >= moment(first["endsAt"])

    # A severity is a label, so another severity is another alert: the old one must end.
    assert past.run("notify", "--as-of", ends[3]).code == 0
    worse = held_by(manager, "nights")
    assert set(worse) == {"page"}
    assert moment(worse["page"]["startsAt"]) == moment(ends[1])
    assert past.run("notify", "--as-of", ends[4]).code == 0

    ran = past.run("notify", "--as-of", ends[5])
    assert ran.code == 0
    assert held_by(manager, "nights") == {}
    assert past.held() == (0, 0)

    assert past.run("notify", "--as-of", ends[6]).code == 0  # another beginning, since the first had an end
    assert moment(held_by(manager, "nights")["page"]["startsAt"]) == moment(ends[6])


def test_alertmanager_itself_tells_of_the_beginning_and_of_the_end(
    past: Nights, manager: Alertmanager, desk_lamp: Receiver
) -> None:
    # Catches an end that Alertmanager keeps without telling anybody, such as one it takes for the future.
    past.configure(to_manager(manager, "told"))
    ends = play(past, "page", "fine")

    def told(status: str) -> bool:
        alerts = [a for body in desk_lamp.got for a in body["alerts"] if a["labels"].get("environment") == "told"]
        return any(a["status"] == status for a in alerts)

    for end, status in zip(ends, ("firing", "resolved"), strict=True):
        assert not told(status)
        assert past.run("notify", "--as-of", end).code == 0
        deadline = time.monotonic() + 30
        while not told(status):
            assert time.monotonic() < deadline, f"nobody was told that it is {status}"
            time.sleep(0.1)


def test_a_name_or_owner_that_changes_leaves_no_alert_behind(past: Nights, manager: Alertmanager) -> None:
    # Catches a resolve under the labels of today, which Alertmanager would take for another alert.
    past.configure(to_manager(manager, "renamed"))
    ends = play(past, "page", "page", "fine")
    past.run("notify", "--as-of", ends[0])
    config = past.folder / "tiermix.toml"
    config.write_text(config.read_text().replace("@shop-oncall", "@other"))
    past.run("notify", "--as-of", ends[1])
    assert held_by(manager, "renamed")["page"]["labels"]["owner"] == "@other"
    config.write_text(config.read_text().replace('owner = "@other"', 'owner = "@third"'))
    past.run("notify", "--as-of", ends[2])
    assert held_by(manager, "renamed") == {}


def test_an_alert_that_is_sent_twice_after_a_crash_is_the_same_alert(past: Nights, manager: Alertmanager) -> None:
    past.configure(to_manager(manager, "crash"))
    (end,) = play(past, "page")
    env = {**os.environ, **past.env, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": past.now.isoformat()}
    done = subprocess.run(
        [sys.executable, "-c", KILLER, "memory.record", "before", "--as-of", end], cwd=past.folder, env=env, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    first = held_by(manager, "crash")
    past.run("notify", "--as-of", end)
    again = held_by(manager, "crash")
    assert set(first) == set(again) == {"page"}
    assert moment(first["page"]["startsAt"]) == moment(again["page"]["startsAt"]) == moment(end)


def test_without_data_an_alert_goes_on(past: Nights, manager: Alertmanager) -> None:
    past.configure(REFUNDS, to_manager(manager, "gone"))
    first, second = play(past, "fine", "fine", refunds=["page"])
    past.run("notify", "--as-of", first)
    assert {a["labels"]["subject"] for a in manager.alerts() if a["labels"].get("environment") == "gone"} == {
        "refunds", "shop",
    }  # fmt: skip
    past.run("notify", "--as-of", second, "--allow-no-data")
    (left,) = (a for a in manager.alerts() if a["labels"].get("environment") == "gone")
    assert left["labels"]["subject"] == "refunds"
    assert "no requests in the last 1d" in left["annotations"]["description"]


def test_a_test_alert_passes_by_itself(past: Nights, manager: Alertmanager) -> None:
    past.configure(to_manager(manager, "test"))
    past.now = datetime.now(UTC)
    assert past.run("notify", "--test").code == 0
    found = held_by(manager, "test")["ticket"]
    assert found["labels"]["alertname"] == "TiermixTest"
    assert moment(found["endsAt"]) < datetime.now(UTC) + timedelta(minutes=6)


def test_an_alertmanager_that_is_down_is_75_and_hears_of_it_the_next_time(past: Nights, manager: Alertmanager) -> None:
    down = to_manager(manager, "down").replace(manager.url, f"http://127.0.0.1:{free_port()}")
    past.configure(down)
    (end,) = play(past, "page")
    ran = past.run("notify", "--as-of", end)
    assert ran.code == 75
    assert "channel am: refused the connection" in ran.err
    past.configure(to_manager(manager, "down"))
    assert past.run("notify", "--as-of", end).code == 0
    assert set(held_by(manager, "down")) == {"page"}


def test_an_end_lies_in_the_past_by_more_than_clocks_differ_and_never_before_the_beginning() -> None:
    # On an Alertmanager whose clock is behind, an end at our "now" lies in the future, and its older, later end wins.
    from tiermix.config.settings import Channel
    from tiermix.notify.alertmanager import alerts
    from tiermix.verdicts import Incident, Message, Told

    now = FIRST + timedelta(days=2)
    told = {"am": Told("page", FIRST, {"alertname": "TiermixSlo"}), "was-chat": Told("page", FIRST)}
    for started, as_of, ends in (
        (FIRST, now, now - timedelta(minutes=1)),
        (FIRST, now - timedelta(hours=2), now - timedelta(hours=2)),
        (now - timedelta(seconds=5), now, now - timedelta(seconds=5)),
    ):
        message = Message(Incident("slo", "shop", started, told), "resolved", "page", ())
        (alert,) = alerts([message], Channel("am", kind="alertmanager"), now, as_of)
        assert alert["labels"] == {"alertname": "TiermixSlo"}
        assert moment(alert["startsAt"]) == started  # a beginning after the end would be refused
        assert moment(alert["endsAt"]) == ends
    # A channel that was chat before: without labels Alertmanager would refuse the whole request, every night.
    (alert,) = alerts([message], Channel("was-chat", kind="alertmanager"), now, now)
    assert alert["labels"]["alertname"] == "TiermixSlo"


@pytest.mark.parametrize(
    ("url", "token", "path", "authorization"),
    [
        ("http://127.0.0.1:{port}", "", "/api/v2/alerts", None),
        ("http://127.0.0.1:{port}/", "t0ken", "/api/v2/alerts", "Bearer t0ken"),
        ("http://127.0.0.1:{port}/am/", "", "/am/api/v2/alerts", None),
        ("http://127.0.0.1:{port}/am/api/v2/alerts", "", "/am/api/v2/alerts", None),
        ("http://me:p%40ss@127.0.0.1:{port}", "", "/api/v2/alerts", "Basic bWU6cEBzcw=="),
    ],
)
def test_the_address_of_an_alertmanager_may_have_a_prefix_a_user_and_a_token(
    nights: Nights, chat: Receiver, url: str, token: str, path: str, authorization: str | None
) -> None:
    nights.env |= {"TIERMIX_AM": url.format(port=chat.port), "TIERMIX_TOKEN": token}
    more = 'token_env = "TIERMIX_TOKEN"\n' if token else ""
    nights.configure(AM, more)
    assert nights.night("page").code == 0
    ((seen, headers, _),) = chat.seen
    assert (seen, headers.get("Authorization")) == (path, authorization)


@pytest.mark.parametrize(("status", "says"), [(302, "answered HTTP 302"), (500, "HTTP 500"), (400, "HTTP 400")])
def test_an_alertmanager_that_refuses_has_taken_nothing(nights: Nights, chat: Receiver, status: int, says: str) -> None:
    # A redirected POST would arrive as a GET that succeeds: catches alerts that are lost with exit code 0.
    nights.env["TIERMIX_AM"] = f"http://127.0.0.1:{chat.port}"
    nights.configure(AM)
    chat.status = status
    ran = nights.night("page")
    assert ran.code == 75
    assert f"channel am: {'answered ' * (status != 302)}{says}" in ran.err
    assert len(chat.seen) == 1
    assert nights.held() == (1, 0)
