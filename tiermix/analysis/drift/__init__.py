"""The drift meter. `verdict` is what it tells, and the only module of it that needs no numpy."""
