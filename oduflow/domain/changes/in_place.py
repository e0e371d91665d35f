"""Tell whether a file of data may be loaded in place, without an upgrade of its module.

Loading a file writes all of its records, and no other file. It is right only where no other file
sets them again afterwards, as an upgrade does, and where nothing but the records depends on them.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from oduflow.domain.changes.records_set import records_set

# Models of which a new record or a written one is all that counts.
_MODELS = frozenset(
    {
        "ir.actions.act_url",
        "ir.actions.act_window",
        "ir.actions.act_window.view",
        "ir.actions.client",
        "ir.actions.report",
        "ir.model.access",
        "ir.rule",
        "ir.ui.menu",
        "ir.ui.view",
    }
)
_TAGS = {
    "act_window": "ir.actions.act_window",
    "menuitem": "ir.ui.menu",
    "report": "ir.actions.report",
    "template": "ir.ui.view",
}
_ARCH = "arch"
_THEME = "theme_"
_BUNDLES = (b".assets_", b"t-call-assets", b"t-asset", b"ir.asset", b"<link", b"<script")
_UNREADABLE = (csv.Error, ET.ParseError, RecursionError, ValueError)

Files = Mapping[str, bytes | None]
"""The module's files of data by their paths in it; None for one that cannot be read."""


def doubt(file: str, module: str, files: Files, dependents: Mapping[str, Files | None]) -> str:
    """Return why loading a file in place may be too little; empty where it is right.

    Args:
        file: the path in the module.
        module: its name.
        files: all files of data that its manifest lists, the file included.
        dependents: those of each installed module that depends on it; None where they are not
            known.
    """
    content = files.get(file)
    if content is None:
        return "it is too large to be looked at"
    if module.startswith(_THEME):
        return "websites have copies of a theme's records"
    if any(word in content for word in _BUNDLES):
        return "it names files of bundles"
    try:
        records = dict(_records(file, content))
    except _UNREADABLE:
        return "it cannot be read"
    ids = {id_ if "." in id_ else f"{module}.{id_}" for id_ in records}
    if why := next(_doubts(module, ids, records), ""):
        return why
    others = {path: text for path, text in files.items() if path != file}
    return next(_set_again({module: others, **dependents}, ids, module), "")


def _doubts(module: str, ids: Iterable[str], records: Mapping[str, str]) -> Iterator[str]:
    """Yield why loading the records of a file, by id with their models, may be too little."""
    for model in sorted(set(records.values()) - _MODELS):
        yield f"more than the record may depend on {model or 'one without a model'}"
    for id_ in sorted(ids):
        if id_.partition(".")[0] != module:
            yield f"it sets {id_}, of another module"


def _set_again(loaded: Mapping[str, Files | None], ids: Iterable[str], own: str) -> Iterator[str]:
    """Yield what an upgrade of a module loads, too, that may set some records."""
    for module, files in sorted(loaded.items()):
        if files is None:
            yield f"{module} depends on it, whose data are not looked at"
            continue
        for path, text in sorted(files.items()):
            if text is None or records_set(path, text, module, ids):
                yield f"{path if module == own else f'{module}/{path}'} sets the same records"


def _records(file: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the id and the model of each record of a file."""
    if file.endswith(".csv"):
        for line in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            yield line.get("id") or "", PurePosixPath(file).stem
        return
    left = [ET.fromstring(content)]  # noqa: S314 - expat limits what entities grow to
    while left:
        element = left.pop()
        if element.tag == "field" and element.get("name") == _ARCH:
            continue  # elements of a view have ids, too
        if element.tag == "record" or element.tag in _TAGS:
            yield element.get("id") or "", _TAGS.get(element.tag) or element.get("model") or ""
        if element.tag != "template":
            left += element
