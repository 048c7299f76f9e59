"""The configuration: `tiermix.toml` read, checked whole, and held in frozen types."""

from tiermix.config.load import FILE_NAME, find, load
from tiermix.config.settings import Config

__all__ = ["FILE_NAME", "Config", "find", "load"]
