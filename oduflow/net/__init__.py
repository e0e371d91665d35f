"""Reach other hosts: resolve a name, keep to public addresses, fetch within a deadline."""
