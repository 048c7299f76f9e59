"""The only way out: one module talks to the network, and nothing secret comes back from it.

Addresses and tokens are read from the environment here, at the moment of sending, and are kept in no object. What went
wrong is told by kind alone (timed out, answered HTTP 500): the text of an exception or of a library's log may hold an
address.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tiermix import __version__
from tiermix.config.settings import Channel, Notify
from tiermix.errors import ChannelDown, ChannelSetup, TiermixError
from tiermix.model import Severity

_LONGEST_PAUSE = 8.0
_GRACE = 2.0  # beyond the timeouts of the sockets, for what has none: resolving a name, a server that drips
_QUIET = ("apprise", "urllib3", "requests")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why an attempt failed, without anything secret in it, and whether another may do better."""

    why: str
    again: bool


def send(
    channel: Channel, how: Notify, *, title: str, body: str, severity: Severity, resolved: bool, incident: str
) -> TiermixError | None:
    """Sends a message through Apprise; returns the fault, or None when the channel took it.

    `{incident}` in the address becomes the name of the incident, for services that join messages by a key.
    """
    try:
        import apprise
    except ImportError:
        return ChannelSetup(
            "needs Apprise",
            where=f"channel {channel.name}",
            hint="pip install 'tiermix[notify]', or use an Alertmanager",
        )
    address = _secret(channel.url_env)
    if not address:
        return _unset(channel, channel.url_env)
    heard = _hush()
    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="tiermix", async_mode=False))
    kinds = apprise.NotifyType
    kind = kinds.SUCCESS if resolved else kinds.FAILURE if severity == "page" else kinds.WARNING

    if not _load(service, address.replace("{incident}", quote(incident, safe="")), how.timeout):
        return ChannelSetup(
            f"{channel.url_env} holds no address that Apprise knows",
            where=f"channel {channel.name}",
            hint="such as slack://..., mailto://..., pagerduty://...; try it with the program apprise",
        )

    def attempt() -> _Refusal | None:
        heard.clear()
        if service.notify(title=title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
            return None
        return _from_log(heard)

    return _try(channel, how, attempt)


def post_alerts(channel: Channel, how: Notify, payload: bytes, path: str) -> TiermixError | None:
    """Posts JSON to an Alertmanager; returns the fault, or None when it took all of it."""
    address = channel.url or _secret(channel.url_env)
    if not address:
        return _unset(channel, channel.url_env)
    if channel.token_env and not _secret(channel.token_env):
        return _unset(channel, channel.token_env)
    headers = {"Content-Type": "application/json", "User-Agent": f"tiermix/{__version__}"}
    try:
        url, headers["Authorization"] = _endpoint(address, path, _secret(channel.token_env))
    except ValueError:
        return ChannelSetup(
            f"{channel.url_env or 'url'} is not an address that begins with http:// or https://",
            where=f"channel {channel.name}",
        )
    if not headers["Authorization"]:
        del headers["Authorization"]
    return _try(channel, how, lambda: _post(url, headers, payload, how.timeout))


def _load(service: Any, address: str, timeout: float) -> bool:
    """Whether Apprise knows the address; its timeouts are ours unless the address sets them by ?cto= and ?rto=."""
    try:
        known = bool(service.add(address))
        for one in service:
            for limit in ("socket_connect_timeout", "socket_read_timeout"):
                if getattr(one, limit, None) == getattr(type(one), limit, None):
                    setattr(one, limit, float(timeout))
    except Exception:  # a plugin's own fault, whose text may hold the address
        return False
    return known


def _secret(variable: str) -> str:
    return os.environ.get(variable, "").strip() if variable else ""


def _unset(channel: Channel, variable: str) -> TiermixError:
    return ChannelSetup(f"{variable} is not set", where=f"channel {channel.name}", hint=f"export {variable}=...")


def _try(channel: Channel, how: Notify, attempt: Callable[[], _Refusal | None]) -> TiermixError | None:
    """Attempts with growing pauses between, none longer than the timeout and a little."""
    tries = 0
    while (refusal := _bounded(how.timeout + _GRACE, attempt)) is not None:
        tries += 1
        if not refusal.again or tries > how.retries:
            many = f" ({tries} attempts)" if tries > 1 else ""
            return ChannelDown(
                f"{refusal.why}{many}",
                where=f"channel {channel.name}",
                hint="what it did not take is sent again next time",
            )
        time.sleep(min(_LONGEST_PAUSE, 2.0 ** (tries - 1)))
    return None


def _bounded(seconds: float, attempt: Callable[[], _Refusal | None]) -> _Refusal | None:
    """Runs an attempt that may never come back; the thread of such a one dies with the process."""
    box: list[_Refusal | None] = []

    def run() -> None:
        try:
            box.append(attempt())
        except BaseException as error:  # of a library: its text may hold the address, its type does not
            box.append(_Refusal(f"failed with {type(error).__name__}", again=True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    # Not again: the first attempt may still get through.
    return box[0] if box else _Refusal(f"did not answer in {seconds:.0f} s", again=False)


class _Heard(logging.Handler):
    """Keeps what a library logs to itself, for `_from_log` alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def clear(self) -> None:
        self.lines = []


def _hush() -> _Heard:
    """Lets nothing that the libraries log or warn of reach the terminal: it may hold addresses."""
    import warnings

    handler = _Heard()
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        warnings.filterwarnings("ignore", module=name)
    return handler


def _from_log(heard: _Heard) -> _Refusal:
    text = "\n".join(heard.lines)
    if code := re.search(r"\berror\s*[=:]\s*(\d{3})\b", text):
        return _answered(int(code[1]))
    if re.search(r"connection error|timed? ?out", text, re.I):
        return _Refusal("could not be reached, or did not answer in time", again=True)
    return _Refusal("did not take the message", again=True)


def _answered(status: int) -> _Refusal:
    return _Refusal(f"answered HTTP {status}", again=status >= 500 or status in (408, 429))


def _endpoint(address: str, path: str, token: str) -> tuple[str, str]:
    """Where to post, and the Authorization header; user and password of the address go into the latter.

    Raises:
        ValueError: it is no web address.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    place = parts.netloc.rpartition("@")[2]
    base = parts.path.rstrip("/").removesuffix(path)
    url = urlunsplit((parts.scheme, place, base + path, parts.query, ""))
    if token:
        return url, f"Bearer {token}"
    if parts.username is None:
        return url, ""
    import base64

    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return url, f"Basic {base64.b64encode(pair.encode()).decode()}"


def _post(url: str, headers: dict[str, str], payload: bytes, timeout: float) -> _Refusal | None:
    import ssl
    import urllib.error
    import urllib.request

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            """A redirected POST would arrive as a GET that succeeds, and carry the token elsewhere."""

    request = urllib.request.Request(url, data=payload, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=timeout):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        return _answered(error.code)
    except OSError as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLError):
            return _Refusal("could not be reached safely: its certificate or TLS was refused", again=False)
        if isinstance(cause, TimeoutError):
            return _Refusal(f"did not answer in {timeout:.0f} s", again=True)
        why = "refused the connection" if isinstance(cause, ConnectionRefusedError) else "could not be reached"
        return _Refusal(why, again=True)
