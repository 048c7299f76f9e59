"""The real Prometheus programs, as the tests of the exports use them. None of them reaches beyond this machine."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing

_PATIENCE = 60.0  # seconds for a server to be ready


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(name)
        raise AssertionError("missing() does not return")
    return found


def promtool(*args: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *map(str, args)], input=stdin, capture_output=True, text=True, timeout=300
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(command: list[str], port: int, path: str, log: Path) -> Iterator[HTTPConnection]:
    """A server that answers `path` on a loopback port, stopped at the end whatever happens."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _ready(connection, path):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield connection
    finally:
        connection.close()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(connection: HTTPConnection, path: str) -> bool:
    with suppress(OSError, HTTPException):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status == 200
    connection.close()
    return False


class Prometheus:
    """A running Prometheus, asked over HTTP."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def _get(self, path: str, **params: str) -> Any:
        self._connection.request("GET", f"{path}?{urllib.parse.urlencode(params)}")
        answer = json.loads(self._connection.getresponse().read())
        assert answer["status"] == "success", (params, answer)
        return answer["data"]

    def at(self, expression: str, when: float) -> list[tuple[dict[str, str], float]]:
        """Labels and value of every series of an expression at a moment (seconds since 1970)."""
        result = self._get("/api/v1/query", query=expression, time=f"{when:.3f}")["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def one(self, expression: str, when: float) -> float | None:
        """The only value of an expression at a moment; None when it is absent."""
        found = self.at(expression, when)
        assert len(found) <= 1, expression
        return found[0][1] if found else None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._get("/api/v1/rules")["groups"] for rule in group["rules"]]


@contextmanager
def prometheus(folder: Path, data: Path, rules: Path) -> Iterator[Prometheus]:
    """A Prometheus over blocks that exist, with a rules file."""
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"rule_files": [str(rules)]}))  # JSON is YAML
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with served(command, port, "/-/ready", folder / "prometheus.log") as connection:
        yield Prometheus(connection)


def node_exporter(folder: Path, log: Path) -> str:
    """What node_exporter exposes of the text files in a folder."""
    port = free_port()
    command = [
        program("prometheus-node-exporter"),
        f"--web.listen-address=127.0.0.1:{port}",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={folder}",
    ]
    with served(command, port, "/metrics", log) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
