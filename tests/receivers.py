"""What is told to, for tests: a receiver of webhooks and an Alertmanager, both on free ports of this machine alone."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.conftest import missing

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Receiver:
    """Keeps what it is sent.

    Attributes:
        got: the bodies that it took, in order.
        seen: path, headers and body of every request, those that it refused included.
        status: what it answers.
        delay: seconds before it answers.
        on_request: what it does before it answers, such as killing the sender.
    """

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.delay = 0.0
        self.on_request: Callable[[], None] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((self.path, dict(self.headers.items()), body))
                receiver.on_request()
                time.sleep(receiver.delay)
                if receiver.status < 300:
                    receiver.got.append(json.loads(body))
                try:
                    self.send_response(receiver.status)
                    if 300 <= receiver.status < 400:
                        self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:  # the sender has given up, which is what the test wants
                    pass

            do_GET = do_POST

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def titles(self) -> list[str]:
        """The titles of the messages it took since the last time it was asked."""
        got, self.got = self.got, []
        return [m["title"] for m in got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    try:
        yield made
    finally:
        made.close()


class Alertmanager:
    """A real one. `alerts` asks it what it holds."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def alerts(self) -> list[dict[str, Any]]:
        """What it takes for going on."""
        with _OPENER.open(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def ready(self) -> bool:
        try:
            with _OPENER.open(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def alertmanager(folder: Path, tells: Receiver) -> Iterator[Alertmanager]:
    """Starts one that tells a receiver at once, each alert by itself, and stops it by its own process."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        missing("prometheus-alertmanager")
        raise AssertionError  # unreachable: `missing` does not return
    (folder / "alertmanager.yml").write_text(
        "route: {receiver: test, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n"
        f"receivers: [{{name: test, webhook_configs: [{{url: 'http://127.0.0.1:{tells.port}/'}}]}}]\n"
    )
    process, made = _start(program, folder)
    try:
        yield made
    finally:
        _stop(process)


def _start(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], Alertmanager]:
    for _ in range(3):  # somebody may take the free port first
        made = Alertmanager(free_port())
        command = [
            program,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={made.url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ]
        with (folder / "alertmanager.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if made.ready():
                return process, made
            time.sleep(0.1)
        _stop(process)
    raise AssertionError(f"the Alertmanager did not start:\n{(folder / 'alertmanager.log').read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
