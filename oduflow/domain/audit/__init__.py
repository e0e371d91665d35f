"""The audit log: its rows, the seals that chain them, their verification, their views."""
