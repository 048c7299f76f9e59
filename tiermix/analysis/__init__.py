"""Pure functions on counts: no database, no terminal, no clock."""
