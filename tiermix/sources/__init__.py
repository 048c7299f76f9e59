"""Dialects: what the records of each gateway mean.

A dialect is a folder here with two files: `dialect.toml` (how to recognise its records, and the fields it reads, typed)
and `projection.sql` (how those fields become requests or attempts). Adding a gateway is adding a folder.
"""

from tiermix.sources.catalog import Dialect, dialects, mapped
from tiermix.sources.choose import recognise
from tiermix.sources.detect import Sample, no_record, sample

__all__ = ["Dialect", "Sample", "dialects", "mapped", "no_record", "recognise", "sample"]
