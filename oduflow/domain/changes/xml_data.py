"""Compare two versions of an XML file of data, record by record."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from oduflow.domain.changes.needs import Need
from oduflow.domain.module_failure import listed

_CONTAINERS = frozenset({"data", "odoo", "openerp"})
_LOADED = frozenset({"act_window", "asset", "menuitem", "record", "report", "template"})
# Loading the file once more would run these once more.
_RUN = frozenset({"delete", "function"})
# Their records change models of Odoo itself, which only loading a registry takes into account.
_MODELS = frozenset({"ir.model", "ir.model.fields", "ir.module.module", "res.lang"})
_INNER = frozenset({"menuitem", "record"})  # may be inside another one
_FALSE = frozenset({"0", "false", "off"})  # of an attribute, in Odoo's own reading
_NOUNS = {
    "ir.actions.act_window": "action",
    "ir.ui.view": "view",
    "menuitem": "menu",
    "template": "template",
}


@dataclass(frozen=True, slots=True)
class DataNeed:
    """What a change of a file of data needs.

    Attributes:
        ids: the records that are to be loaded, as the file names them.
        kept: those that Odoo keeps as they are, because the file says `noupdate`.
    """

    need: Need
    why: str
    ids: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    """An element with its text, and whether Odoo leaves an existing one as it is.

    Attributes:
        above: the attributes of the elements around it.
    """

    tag: str
    text: str
    above: str
    model: str
    noupdate: bool


def xml_need(old: bytes | None, new: bytes | None) -> DataNeed:
    """Return what a change of an XML file that the manifest lists needs, and why."""
    if new is None:
        return DataNeed(Need.UPGRADE, "the file is gone, and its records with it")
    try:
        before = {} if old is None else _records(old)
    except (_Anonymous, ET.ParseError, RecursionError, ValueError):
        before = None
    try:
        after = _records(new)
    except ET.ParseError as wrong:
        return DataNeed(Need.UPGRADE, f"it is no XML at line {wrong.position[0]}")
    except _Anonymous as wrong:
        return DataNeed(Need.UPGRADE, f"loading it alone would repeat {wrong}")
    except (RecursionError, ValueError):
        return DataNeed(Need.UPGRADE, "it cannot be read as XML")
    if before is None:
        return DataNeed(Need.UPGRADE, "what it was before cannot be told record by record")
    return _compared(before, after)


def _compared(before: dict[str, _Record], after: dict[str, _Record]) -> DataNeed:
    if gone := sorted(set(before) - set(after)):
        return DataNeed(Need.UPGRADE, f"{listed(gone)} is gone, which an upgrade removes")
    changed = [id_ for id_, record in after.items() if before.get(id_) != record]
    kept = tuple(id_ for id_ in changed if id_ in before and after[id_].noupdate)
    loaded = tuple(id_ for id_ in changed if id_ not in kept)
    if not loaded:
        why = f"{listed(kept)} is not loaded again: noupdate" if kept else "no record changed"
        return DataNeed(Need.NOTHING, why, kept=kept)
    if models := sorted({after[id_].model for id_ in loaded} & _MODELS):
        return DataNeed(Need.UPGRADE, f"it changes {models[0]}", kept=kept)
    noun = _noun(after[id_] for id_ in loaded)
    changes = {"changed": [each for each in loaded if each in before]}
    changes["new"] = [each for each in loaded if each not in before]
    words = (f"{noun} {listed(ids)} is {word}" for word, ids in changes.items() if ids)
    return DataNeed(Need.RELOAD, ", ".join(words), loaded, kept)


def _noun(records: Iterator[_Record]) -> str:
    """Return what the records are, if all are the same."""
    kinds = {_NOUNS.get(each.model, _NOUNS.get(each.tag, "record")) for each in records}
    return kinds.pop() if len(kinds) == 1 else "record"


class _Anonymous(Exception):
    """The file has an element that takes effect each time it is loaded."""


def _records(content: bytes) -> dict[str, _Record]:
    """Return the records of a file, by their ids; a record in another one counts with both.

    Raises:
        ParseError: it is no XML.
        _Anonymous: an element has no id, or runs something.
    """
    root = ET.fromstring(content)  # noqa: S314 - expat limits what entities grow to
    found: dict[str, _Record] = {}
    for element, noupdate, above in _loaded(root):
        id_ = element.get("id") or ""
        if element.tag in _RUN or element.tag not in _LOADED:
            raise _Anonymous(f"<{element.tag}>")
        if not id_ or id_ in found:
            raise _Anonymous(f"<{element.tag}> {id_ or 'without an id'}")
        for inner in element.iter():
            name = inner.get("id")
            if inner is element or (name and inner.tag in _INNER):
                model = inner.get("model") or ""
                record = _Record(str(inner.tag), _text(inner), above, model, noupdate)
                found.setdefault(str(name), record)
    return found


def _loaded(root: Element) -> Iterator[tuple[Element, bool, str]]:
    """Yield what Odoo loads, with whether it is in `noupdate`, and the attributes around it."""
    left: list[tuple[Element, bool, str]] = [(root, False, "")]
    while left:
        element, within, above = left.pop()
        if element.tag not in _CONTAINERS:
            yield element, within, above
            continue
        noupdate = _noupdate(element, within=within)
        others = sorted(pair for pair in element.items() if pair[0] != "noupdate")
        around = f"{above}{others}" if others else above
        left += [(child, noupdate, around) for child in reversed(element)]


def _noupdate(element: Element, *, within: bool) -> bool:
    """Whether a container keeps its records; without a value it does as the one around it does."""
    value = (element.get("noupdate") or "").strip()
    return value.lower() not in _FALSE if value else within


def _text(element: Element) -> str:
    """Return an element in a form that only differs where its content does."""
    alone = copy.copy(element)
    alone.tail = None
    return ET.canonicalize(ET.tostring(alone, encoding="unicode"))
