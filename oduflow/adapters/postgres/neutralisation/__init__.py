"""Neutralise a restored database as its own role, and prove it by reading back."""
