"""The SLOs, their alerts and their numbers in the languages of other systems. One module a format."""
