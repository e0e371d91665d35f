"""How the schema came to be: one file a revision, run by Alembic.

A new one: change `tables.py`, add `versions/r0002_<what>.py` in batch mode (SQLite alters little
by itself), move `HEAD`. Revisions that were released never change.
"""

HEAD = "0007"
