"""Environments: create, start, stop, rebuild, delete, recover."""
