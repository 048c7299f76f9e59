"""Renderings of an answer. None of them asks anything; all of them draw the tables of `tiermix.render.tables`."""
