"""Test runs: the tests of an environment's modules on a clone of its data (ADR 43)."""
