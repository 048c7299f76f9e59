"""tiermix: the tier mix of an AI product as a service level objective."""

__version__ = "0.1.0"
