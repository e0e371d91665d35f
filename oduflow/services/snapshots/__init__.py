"""Snapshots of environments: taken, kept for a time, and gone back to."""
