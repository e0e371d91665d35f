"""Resolve host names, select public addresses, and fetch URLs within a deadline."""
