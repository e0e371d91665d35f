"""The pool: set up, moved into, and recovered."""
