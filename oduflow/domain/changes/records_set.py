"""Tell which records a file of data sets, to find those that several files set."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

_NAME = re.compile(r"[\w.]+")
# Code of these may change any record that they name.
_CODE = frozenset({"delete", "function"})
_ID = "id"


def records_set(path: str, content: bytes, module: str, wanted: Iterable[str]) -> frozenset[str]:
    """Return which of some records a file sets; all of them where that cannot be told.

    Args:
        path: of the file.
        content: its own.
        module: whose data it is, which needs not be written before its own ids.
        wanted: the records, each with its module: `sale.view_order`.
    """
    ids = frozenset(wanted)
    try:
        names = _of_csv(content) if path.endswith(".csv") else _of_xml(content)
        return ids & {name if "." in name else f"{module}.{name}" for name in names}
    except (csv.Error, ET.ParseError, RecursionError, ValueError):
        return ids


def _of_csv(content: bytes) -> Iterator[str]:
    for line in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        yield line.get(_ID) or ""


def _of_xml(content: bytes) -> Iterator[str]:
    for element in ET.fromstring(content).iter():  # noqa: S314 - expat limits entities
        yield element.get(_ID) or ""
        if element.tag in _CODE:
            yield from _NAME.findall(ET.tostring(element, encoding="unicode"))
