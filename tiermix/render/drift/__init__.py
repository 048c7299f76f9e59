"""Drift verdicts in every form."""
