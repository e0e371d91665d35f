"""The history of the schema: one file for each revision, run by Alembic.

To add a revision: change `tables.py`, add `versions/r<HEAD + 1>_<what>.py` in batch mode (SQLite
alters little by itself). Released revisions never change.
"""

from pathlib import Path

FIRST = "0010"  # the first release's; the development before it had 0001 to 0009
HEAD = max(path.name[1:5] for path in Path(__file__).parent.glob("versions/r*.py"))
