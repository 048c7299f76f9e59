"""Everything that can go wrong, as one tree, and the exit codes that scripts rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns. 1 means a breach and nothing else."""

    OK = 0
    BREACHED = 1
    USAGE = 2
    DATA = 3
    STORE = 4
    BUG = 70
    BUSY = 75
    INTERRUPTED = 130
    PIPE = 141


class TiermixError(Exception):
    """A fault that tiermix expects and can explain.

    Attributes:
        message: what happened, one sentence without a full stop.
        where: file, key, line or address of the fault; empty when there is none.
        hint: how to cure it; empty when nothing sensible can be said.
    """

    code = "error"
    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class UsageError(TiermixError):
    """The command line asks for something that cannot be had."""

    code = "usage"
    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration file: which key, what, and how to fix it."""

    where: str
    message: str
    hint: str = ""


class ConfigError(TiermixError):
    """The configuration cannot be used; carries every fault found, not only the first."""

    code = "config"
    exit_code = ExitCode.USAGE

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        super().__init__(first.message, where=first.where, hint=first.hint)
        self.faults = tuple(faults)


class InfeasibleAlert(UsageError):
    """An alert row that can never fire at the given target."""

    code = "infeasible_alert"


class ChannelSetup(UsageError):
    """A channel cannot be used as it is configured."""

    code = "channel_setup"


class ChannelDown(TiermixError):
    """A channel did not take a message; it gets it in the next run."""

    code = "channel_down"
    exit_code = ExitCode.BUSY


class InputError(TiermixError):
    """The data does not allow an answer."""

    code = "input"
    exit_code = ExitCode.DATA


class NoInput(InputError):
    """No file matched, or nothing was in it."""

    code = "no_input"


class NoData(InputError):
    """The store holds no request in the window that was asked for."""

    code = "no_data"


class UnknownSource(InputError):
    """No dialect recognises the records of a file."""

    code = "unknown_source"


class UnreadableFile(InputError):
    """A file that cannot be opened, decompressed or decoded."""

    code = "unreadable_file"


class StoreError(TiermixError):
    """The store cannot be used as it is."""

    code = "store"
    exit_code = ExitCode.STORE


class StoreMissing(StoreError):
    """There is no store at the given path yet."""

    code = "store_missing"
    exit_code = ExitCode.DATA


class StoreCorrupt(StoreError):
    """The file is no tiermix store, or a damaged one."""

    code = "store_corrupt"


class StoreTooNew(StoreError):
    """A newer tiermix wrote this store."""

    code = "store_too_new"


class StoreFull(StoreError):
    """The disk is full; the store is as it was before."""

    code = "store_full"


class StoreStrained(StoreError):
    """What is asked for takes more memory and temporary space than there is; the store is as it was before."""

    code = "store_strained"


class RowRefused(StoreError):
    """A row does not hold what its table demands."""

    code = "row_refused"


class StoreBusy(StoreError):
    """Another process holds the store."""

    code = "store_busy"
    exit_code = ExitCode.BUSY
