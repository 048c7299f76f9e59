"""A secret is read from the environment when it is sent, and comes out nowhere else."""

from __future__ import annotations

import os

import pytest

from tests.conftest import ROOT, Ran
from tests.nights import AM, CHAT, Nights
from tests.receivers import Receiver, free_port

SECRETS = ("s3cretUser", "s3cretPass", "s3cretPath", "s3cretQuery", "s3cretToken")
LEAKY = """
class NotifyType:
    SUCCESS = FAILURE = WARNING = "x"
class NotifyFormat:
    TEXT = "text"
class AppriseAsset:
    def __init__(self, **kw): pass
class Apprise:
    def __init__(self, asset): pass
    def add(self, url):
        self.url = url
        if WHERE == "add":
            raise RuntimeError("cannot load " + url)
        return True
    def __iter__(self):
        return iter(())
    def notify(self, **kw):
        import logging, sys, warnings
        logging.getLogger("apprise").error("cannot reach %s", self.url)
        logging.getLogger("urllib3.connectionpool").warning("retrying %s", self.url)
        if WHERE == "notify":
            raise RuntimeError("cannot reach " + self.url) from ValueError(self.url)
        if WHERE == "exit":
            sys.exit("cannot reach " + self.url)
        return False
"""


def leaks(nights: Nights, *ran: Ran) -> list[str]:
    """Where a secret came out: what was printed, and every file of the folder, crash files included."""
    places = {f"stdout {i}": r.out for i, r in enumerate(ran)} | {f"stderr {i}": r.err for i, r in enumerate(ran)}
    for path in nights.folder.rglob("*"):
        if path.is_file():
            places[path.name] = path.read_bytes().decode("latin-1")
    return [f"{secret} in {where}" for where, text in places.items() for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    "way", ["taken", "refused", "down", "add", "notify", "exit", "log", "bad header", "bad url", "bug"]
)
def test_a_secret_comes_out_nowhere_whatever_happens(nights: Nights, chat: Receiver, way: str) -> None:
    user, password, path, query, token = SECRETS
    nights.configure(CHAT, AM, 'token_env = "TIERMIX_TOKEN"\n')
    port = free_port() if way == "down" else chat.port
    place = f"{user}:{password}@127.0.0.1:{port}/{path}"
    nights.env |= {
        "TIERMIX_NOTIFY_CHAT": f"json://{place}?+X-Key={query}",
        "TIERMIX_AM": f"http://{place}?key={query}" + (" and a blank" if way == "bad url" else ""),
        "TIERMIX_TOKEN": f"{token}\r\nX: y" if way == "bad header" else token,
        "TMPDIR": str(nights.folder),
    }
    chat.status = 500 if way == "refused" else 200
    if way in ("add", "notify", "exit", "log"):
        (nights.folder / "apprise.py").write_text(f"WHERE = {way!r}\n{LEAKY}")
        nights.env["PYTHONPATH"] = f"{nights.folder}{os.pathsep}{ROOT}"
    if way == "bug":
        (nights.folder / "sitecustomize.py").write_text(
            "import tiermix.notify.wire as w\ndef broken(*a): raise KeyError('a bug')\nw._try = broken\n"
        )
        nights.env["PYTHONPATH"] = f"{nights.folder}{os.pathsep}{ROOT}"
    nights.live("page")
    ran = nights.process("notify") if way == "bug" else nights.process("--debug", "notify", "--json")
    if way in ("bad url", "bad header"):
        assert ran.code in (2, 75), ran.err
    else:
        assert ran.code == {"taken": 0, "add": 2, "bug": 70}.get(way, 75), ran.err
    others = [nights.run(*args) for args in (("notify", "--dry-run"), ("config", "show"), ("report", "--days", "2"))]
    if way == "taken":
        assert any(query.encode() in body or query in str(headers) for _, headers, body in chat.seen)  # it did arrive
    if way == "bug":
        assert list(nights.folder.glob("tiermix-crash-*.txt"))
    assert leaks(nights, ran, *others) == []


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('name = "c"\nurl_env = "slack://s3cretToken"', "channel[0].url_env", "the name of an environment variable"),
        ('name = "c"\nurl = "slack://s3cretToken"', "channel[0].url", "is a secret for this kind"),
        ('name = "c"\nkind = "alertmanager"\nurl = "http://s3cretUser@am"', "channel[0].url", "no user, password"),
        ('name = "c"\nkind = "alertmanager"\nurl = "http://am/?k=s3cretToken"', "channel[0].url", "no user, password"),
        ('name = "c"\nkind = "alertmanager"\nurl = "s3cretToken"', "channel[0].url", "begins with http"),
        ('name = "c"\nkind = "alertmanager"\nurl = "http://am:s3cretToken"', "channel[0].url", "begins with http"),
        ('name = "c"\nkind = "alertmanager"\ntoken_env = "s3cret Token"', "channel[0].token_env", "the name of"),
        ('name = "c"\nurl_env = "X"\ntoken = "s3cretToken"', "channel[0].token", "is not a known key"),
        ('name = "c"', "channel[0].url_env", "is required"),
        ('url_env = "X"', "channel[0].name", "is required"),
        ('name = "c"\nurl_env = "X"\nmin_severity = "pager"', "channel[0].min_severity", "cannot be 'pager'"),
        ('name = "c"\nurl_env = "X"\nhold = "3d"', "channel[0].hold", "is not a known key"),
        ('name = "c"\nkind = "alertmanager"\nurl = "http://a"\nurl_env = "X"', "channel[0].url", "exclude each other"),
        (
            'name = "c"\nkind = "alertmanager"\nurl = "http://a"\nlabels = { severity = "x" }',
            "channel[0].labels.severity",
            "label",
        ),
        (
            'name = "c"\nkind = "alertmanager"\nurl = "http://a"\nlabels = { "a-b" = "x" }',
            "channel[0].labels.a-b",
            "label",
        ),
        ('name = "c"\nurl_env = "X"\n[[notify.channel]]\nname = "c"\nurl_env = "X"', "channel[1].name", "stands in"),
    ],
)
def test_a_fault_of_a_channel_names_its_key_and_repeats_no_secret(
    nights: Nights, text: str, where: str, says: str
) -> None:
    (nights.folder / "tiermix.toml").write_text(f"[[notify.channel]]\n{text}\n")
    ran = nights.run("config", "check")
    assert ran.code == 2
    assert any(f"notify.{where}" in line and says in line for line in ran.err.splitlines()), ran.err
    assert "s3cret" not in ran.out + ran.err
