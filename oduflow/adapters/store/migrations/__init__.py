"""The history of the schema: one file for each revision, run by Alembic.

To add a revision: change `tables.py`, add `versions/r<HEAD + 1>_<what>.py` in batch mode (SQLite
alters little by itself), move `HEAD`. Released revisions never change.
"""

FIRST = "0010"  # the first release's; the development before it had 0001 to 0009
HEAD = "0010"
