"""The history of the schema: one file for each revision, run by Alembic.

To add a revision: change `tables.py`, add `versions/r<HEAD + 1>_<what>.py` in batch mode (SQLite
alters little by itself), move `HEAD`. Released revisions never change.
"""

HEAD = "0009"
