"""Compare two versions of an XML file of data, record by record."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
        dropped: fields that are no longer set, each with its record: `act.domain`.
        owners: the modules of records that are named with them, and are no longer set as before.
    """

    need: Need
    why: str
    ids: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    """An element with its text, and whether Odoo leaves an existing one as it is.

    Attributes:
        above: the attributes of the elements around it.
        sets: its fields and attributes.
    """

    tag: str
    text: str
    above: str
    model: str
    noupdate: bool
    sets: frozenset[str]


def xml_need(old: bytes | None, new: bytes | None) -> DataNeed:
    """Return what a change of an XML file that the manifest lists needs, and why."""
    if new is None:
        return DataNeed(
            Need.UPGRADE, "the file is gone, and its records with it", owners=owners(_named(old))
        )
    try:
        before = {} if old is None else _records(old)
    except (_Anonymous, ET.ParseError, RecursionError, ValueError):
        before = None
    gone = owners(_named(old) - _named(new))
    try:
        after = _records(new)
    except ET.ParseError as wrong:
        return DataNeed(Need.UPGRADE, f"it is no XML at line {wrong.position[0]}")
    except _Anonymous as wrong:
        return DataNeed(Need.UPGRADE, f"loading it alone would repeat {wrong}", owners=gone)
    except (RecursionError, ValueError):
        return DataNeed(Need.UPGRADE, "it cannot be read as XML")
    if before is None:
        why = "what it was before cannot be told record by record"
        return DataNeed(Need.UPGRADE, why, owners=gone)
    return _compared(before, after)


def owners(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that ids name: records of others, which no upgrade of one's own resets."""
    return tuple(sorted({module for module, dot, _ in (id_.partition(".") for id_ in ids) if dot}))


def _named(content: bytes | None) -> set[str]:
    """Return the ids of all elements; none of what is no XML."""
    with suppress(ET.ParseError, RecursionError, ValueError):
        tree = ET.fromstring(content or b"<odoo/>")  # noqa: S314 - expat limits what entities grow to
        return {each.get("id") or "" for each in tree.iter() if each.tag in _LOADED}
    return set()


def _compared(before: dict[str, _Record], after: dict[str, _Record]) -> DataNeed:
    gone = sorted(set(before) - set(after))
    changed = [id_ for id_, record in after.items() if before.get(id_) != record]
    lost = {id_: sorted(before[id_].sets - after[id_].sets) for id_ in changed if id_ in before}
    dropped = tuple(f"{id_}.{name}" for id_, names in lost.items() for name in names)
    others = owners([*gone, *(id_ for id_, names in lost.items() if names)])
    kept = tuple(id_ for id_ in changed if id_ in before and after[id_].noupdate)
    if gone:
        why = f"{listed(gone)} is gone" + ("" if others else ", which an upgrade removes")
        return DataNeed(Need.UPGRADE, why, kept=kept, dropped=dropped, owners=others)
    loaded = tuple(id_ for id_ in changed if id_ not in kept)
    if not loaded:
        why = f"{listed(kept)} is not loaded again: noupdate" if kept else "no record changed"
        return DataNeed(Need.NOTHING, why, kept=kept)
    if models := sorted({after[id_].model for id_ in loaded} & _MODELS):
        why = f"it changes {models[0]}"
        return DataNeed(Need.UPGRADE, why, kept=kept, dropped=dropped, owners=others)
    noun = _noun(after[id_] for id_ in loaded)
    changes = {"changed": [each for each in loaded if each in before]}
    changes["new"] = [each for each in loaded if each not in before]
    words = (f"{noun} {listed(ids)} is {word}" for word, ids in changes.items() if ids)
    return DataNeed(Need.RELOAD, ", ".join(words), loaded, kept, dropped, others)


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
                sets = _sets(inner)
                record = _Record(str(inner.tag), _text(inner), above, model, noupdate, sets)
                found.setdefault(str(name), record)
    return found


def _sets(element: Element) -> frozenset[str]:
    """Return the fields and attributes of a record, which Odoo leaves alone without a value."""
    fields = {each.get("name") or "" for each in element if each.tag == "field"}
    return frozenset(fields | set(element.keys()) - {"id", "model"})


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
