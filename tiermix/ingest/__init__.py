"""Brings log files into a store: every line accounted for, every request once, a batch as a whole or not at all."""

from tiermix.ingest.run import DEFAULT_MAX_BAD, Progress, ingest

__all__ = ["DEFAULT_MAX_BAD", "Progress", "ingest"]
