"""Compare two versions of a CSV file of data, line by line."""

import csv
import io

from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.xml_data import DataNeed, owners
from oduflow.domain.module_failure import listed

_ID = "id"


def csv_need(old: bytes | None, new: bytes | None) -> DataNeed:
    """Return what a change of a CSV file that the manifest lists needs, and why."""
    if new is None:
        why = "the file is gone, and its records with it"
        return DataNeed(Need.UPGRADE, why, owners=owners(_lines(old or b"") or ()))
    before, after = {} if old is None else _lines(old), _lines(new)
    if before is None or after is None:
        return DataNeed(Need.UPGRADE, "it cannot be read line by line")
    changed = tuple(id_ for id_, line in after.items() if before.get(id_) != line)
    columns = set().union(*before.values()) - set().union(*after.values())
    dropped = tuple(sorted(f"column {name}" for name in columns)) if after else ()
    gone = sorted(set(before) - set(after))
    others = owners([*gone, *(before if dropped else ())])
    if gone:
        why = f"{listed(gone)} is gone" + ("" if others else ", which an upgrade removes")
        return DataNeed(Need.UPGRADE, why, dropped=dropped, owners=others)
    if not changed:
        return DataNeed(Need.NOTHING, "no line changed")
    why = f"line {listed(changed)} is new or changed"
    return DataNeed(Need.RELOAD, why, changed, dropped=dropped, owners=others)


def _lines(content: bytes) -> dict[str, dict[str, str]] | None:
    """Return the lines by their ids; None for a file that has no ids, or one of them twice."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if _ID not in (reader.fieldnames or ()):
            return None
        found: dict[str, dict[str, str]] = {}
        for line in reader:
            id_ = line[_ID]
            # A line without an id goes on with the record above it.
            if not id_ or id_ in found or None in line or None in line.values():
                return None
            found[id_] = line
    except (csv.Error, UnicodeDecodeError):
        return None
    return found
