"""Tells people what the gate found: what is new to whom (plan), what they know (memory), and the way there (wire)."""
