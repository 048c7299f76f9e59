"""Who is told what, as laws: whatever the nights bring and whichever channel fails, all know in the end what is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tiermix.config.settings import Channel
from tiermix.model import Frame, Severity
from tiermix.notify import plan
from tiermix.timewin import DAY, Window
from tiermix.verdicts import CheckResult, Gate, Incident, State, Told, urgency

START = datetime(2026, 11, 1, tzinfo=UTC)
REMIND = 7 * DAY
CHANNELS = (Channel("chat"), Channel("pager", min_severity="page"))
SUBJECTS = ("a", "b")

# What a night finds on a subject: nothing wrong, a ticket, a page, or no data; or it is not looked at.
findings = st.sampled_from(["ok", "ticket", "page", "no_data"])
nights = st.lists(
    st.tuples(
        st.fixed_dictionaries(dict.fromkeys(SUBJECTS, findings)),
        st.fixed_dictionaries({c.name: st.booleans() for c in CHANNELS}),
    ),
    min_size=1,
    max_size=12,
)


def gate(found: dict[str, str], now: datetime, *, whole: bool = True) -> Gate:
    results = []
    for subject, what in found.items():
        state: State = "ok" if what == "ok" else "no_data" if what == "no_data" else "breached"
        severity: Severity = "page" if what == "page" else "ticket"
        results.append(CheckResult("target", subject, state, "found", severity=severity, kind="slo"))
    return Gate(Frame(now, Window(now - timedelta(days=7), now), "UTC"), tuple(results), whole=whole)


class World:
    """What the store would hold, and what each channel has been told, night after night."""

    def __init__(self) -> None:
        self.known: tuple[Incident, ...] = ()
        self.now = START
        self.heard: dict[tuple[str, str], list[tuple[datetime, str, Severity]]] = {}

    def night(self, found: dict[str, str], works: dict[str, bool]) -> None:
        self.now += timedelta(days=1)
        made = gate(found, self.now)
        open_now = {i.key: i for i in plan.incidents(made, self.known, self.now)}
        for channel in CHANNELS:
            for m in plan.messages(made, channel, tuple(open_now.values()), self.now, REMIND):
                if not works[channel.name]:
                    continue
                self.heard.setdefault((channel.name, m.incident.subject), []).append((self.now, m.action, m.severity))
                told = {k: v for k, v in open_now[m.incident.key].told.items() if k != channel.name}
                if m.action != "resolved":
                    told[channel.name] = Told(m.severity, self.now)
                open_now[m.incident.key] = replace(open_now[m.incident.key], told=told)
        self.known = tuple(i for i in open_now.values() if i.told or not plan.passed(made, i))

    def believes(self, channel: str, subject: str) -> Severity | None:
        """What somebody who reads the channel takes the subject to be in; None for nothing wrong."""
        heard = self.heard.get((channel, subject), [])
        return None if not heard or heard[-1][1] == "resolved" else heard[-1][2]


def least(channel: Channel, what: str) -> bool:
    severity: Severity = "page" if what == "page" else "ticket"
    return what != "ok" and urgency(severity) >= urgency(channel.min_severity)


@given(nights)
def test_a_channel_hears_in_turn_that_it_begins_that_it_is_worse_and_that_it_has_passed(
    lived: list[tuple[dict[str, str], dict[str, bool]]],
) -> None:
    # Catches a resolve of what was never told, a matter told twice as new, and one that gets worse downward.
    world = World()
    for found, works in lived:
        world.night(found, works)
    for heard in world.heard.values():
        last: tuple[datetime, str, Severity] | None = None
        for at, action, severity in heard:
            if last is None or last[1] == "resolved":
                assert action == "new"
            else:
                assert action in ("worse", "reminder", "resolved")
                assert action != "worse" or urgency(severity) > urgency(last[2])
                assert action != "reminder" or at - last[0] >= timedelta(days=7)
            last = (at, action, severity)


@given(nights, st.fixed_dictionaries({s: st.sampled_from(["ok", "ticket", "page"]) for s in SUBJECTS}))
def test_one_night_on_which_all_channels_work_makes_good_every_failure_before(
    lived: list[tuple[dict[str, str], dict[str, bool]]], now: dict[str, str]
) -> None:
    # At least once: catches a message that is forgotten when its channel was down, and an end that nobody hears of.
    world = World()
    for found, works in lived:
        world.night(found, works)
    world.night(now, {c.name: True for c in CHANNELS})
    for channel in CHANNELS:
        for subject, what in now.items():
            believed = world.believes(channel.name, subject)
            assert (believed is not None) == least(channel, what)
            if believed is not None:
                assert urgency(believed) >= urgency("page" if what == "page" else "ticket")
    open_subjects = {i.subject for i in world.known}
    assert open_subjects == {s for s, what in now.items() if what != "ok"}


@given(nights)
def test_without_data_nothing_is_taken_back(lived: list[tuple[dict[str, str], dict[str, bool]]]) -> None:
    world = World()
    for found, works in lived:
        world.night(found, works)
    before = {(c.name, s): world.believes(c.name, s) for c in CHANNELS for s in SUBJECTS}
    world.night(dict.fromkeys(SUBJECTS, "no_data"), {c.name: True for c in CHANNELS})
    for (channel, subject), believed in before.items():
        if believed is not None:
            assert world.believes(channel, subject) is not None


@given(st.integers(min_value=1, max_value=60), st.integers(min_value=2, max_value=30))
def test_reminders_come_every_so_often_however_long_it_lasts(count: int, every: int) -> None:
    world = World()
    heard = []
    known: tuple[Incident, ...] = ()
    for i in range(count):
        now = START + timedelta(days=i, seconds=(i * 37) % 600)  # cron is late by up to ten minutes
        made = gate({"a": "ticket"}, now)
        (incident,) = plan.incidents(made, known, now)
        for m in plan.messages(made, CHANNELS[0], (incident,), now, every * DAY):
            heard.append(i)
            incident = replace(incident, told={"chat": Told(m.severity, now)})
        known = (incident,)
    assert heard == list(range(0, count, every))
    assert world.known == ()


def test_a_run_that_did_not_look_closes_nothing() -> None:
    told = Incident("slo", "gone", START, {"chat": Told("page", START)})
    narrow = gate({"a": "ok"}, START, whole=False)
    assert plan.messages(narrow, CHANNELS[0], (told,), START, REMIND) == ()
    assert not plan.passed(narrow, told)
    (message,) = plan.messages(gate({"a": "ok"}, START), CHANNELS[0], (told,), START, REMIND)
    assert (message.action, message.results) == ("resolved", ())
