"""Commands in processes that need not load tiermix first: a process that has loaded it makes a copy of itself for each.

Loading takes most of a short command's time, and the tests run thousands. What is about a process that starts afresh
(out of memory, installed elsewhere, other modules on its path) starts its own.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

_ROOT = Path(__file__).parent.parent
# What most commands load, none of which starts a thread: those would not be in the copy.
_LOADED = (
    "duckdb", "rich.console", "rich.table", "tiermix.answers", "tiermix.ingest", "tiermix.render.document",
    "tiermix.render.tables", "tiermix.render.text",
)  # fmt: skip


class _Server:
    """The process that is copied, from this side."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())], cwd=_ROOT, pass_fds=[theirs.fileno()]
            )

    def start(self, asked: Mapping[str, object], files: Sequence[IO[bytes]]) -> int:
        """Has a command started with these as its standard streams; its process id."""
        line = (json.dumps(asked) + "\n").encode()
        socket.send_fds(self._ours, [line[:1]], [f.fileno() for f in files])
        self._ours.sendall(line[1:])
        return self._told()

    def wait(self, timeout: float) -> int:
        """The exit code of the command, within so many seconds.

        Raises:
            TimeoutError: it takes longer.
        """
        if not select.select([self._ours], [], [], timeout)[0]:
            raise TimeoutError
        return self._told()

    def _told(self) -> int:
        """The next number it says, and nothing of what follows."""
        said = b""
        while not said.endswith(b"\n"):
            said += self._ours.recv(1) or b"\n"
        return int(said)

    def stop(self) -> None:
        """Ends the process."""
        self._ours.close()
        self._process.wait(timeout=10)


class Warm:
    """Runs commands in copies of a process that is started with the first of them."""

    def __init__(self) -> None:
        self._server: _Server | None = None

    def run(
        self, args: Sequence[str], cwd: Path, stdin: bytes, env: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Exit code, standard output and standard error of a command.

        Raises:
            TimeoutError: it took longer than that, in seconds, and was killed.
        """
        server = self._server = self._server or _Server()
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            files[0].write(stdin)
            files[0].seek(0)
            pid = server.start({"args": list(args), "cwd": str(cwd), "env": dict(env)}, files)
            try:
                code = server.wait(timeout)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                server.wait(timeout=30)  # or what it says of the killed one would be taken for the next
                raise
            for file in files:
                file.seek(0)
            return code, files[1].read(), files[2].read()

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._server is not None:
            self._server.stop()
            self._server = None


WARM = Warm()


def _serve(line: socket.socket) -> NoReturn:
    """Makes a copy of this process for each command that is asked for, until nobody asks any more."""
    from tiermix.main import main

    with open(os.devnull, "w") as nowhere:
        sys.stdout = nowhere
        main(["schema"])  # loads what reads options
        sys.stdout = sys.__stdout__
    for name in _LOADED:
        import_module(name)
    gc.freeze()
    rest = line.makefile("rb")
    while True:
        first, files, *_ = socket.recv_fds(line, 1, 3)
        if not first:
            os._exit(0)  # as the program does: what is loaded needs no tidying
        asked = first + rest.readline()
        pid = os.fork()
        if pid == 0:
            _become(json.loads(asked), files)
        for file in files:
            os.close(file)
        line.sendall(f"{pid}\n".encode())
        line.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


def _become(asked: dict[str, Any], files: Sequence[int]) -> NoReturn:
    from tiermix.main import run

    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["tiermix", *asked["args"]]
    gc.unfreeze()
    run()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
