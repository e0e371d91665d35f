"""Compare two versions of a manifest."""

from collections.abc import Mapping

from oduflow.domain.changes.needs import Need
from oduflow.domain.python_syntax import literals

_TEXTS = frozenset(
    {
        "application",
        "author",
        "category",
        "contributors",
        "countries",
        "currency",
        "description",
        "development_status",
        "icon",
        "images",
        "license",
        "live_test_url",
        "maintainer",
        "maintainers",
        "name",
        "preloadable",
        "price",
        "sequence",
        "summary",
        "support",
        "website",
    }
)
# Odoo keeps manifests in the process: it reads these from there.
_HOOKS = frozenset({"post_init_hook", "pre_init_hook", "uninstall_hook"})
_IN_PROCESS = _HOOKS | {"assets", "post_load", "qweb"}
_DEMO = frozenset({"demo", "demo_xml"})
DATA = ("data", "init_xml", "update_xml")
_WORDS = {
    "data": "its files of data are others",
    "depends": "it depends on other modules",
    "external_dependencies": "it needs other libraries or programs",
}


class UnreadableManifest(Exception):
    """Odoo ignores a module whose manifest is no dictionary of literals.

    Attributes:
        line: where it is wrong; 0 if it is not known.
    """

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


Declared = Mapping[str, object]


def declared(content: bytes) -> Declared:
    """Return what a manifest declares.

    Raises:
        UnreadableManifest: it is no dictionary of literals.
    """
    try:
        value = literals(content.decode())
    except SyntaxError as wrong:
        raise UnreadableManifest(wrong.lineno or 0) from wrong
    except (ValueError, TypeError, MemoryError, RecursionError) as wrong:
        raise UnreadableManifest(0) from wrong
    if not isinstance(value, dict):
        raise UnreadableManifest(0)
    return {str(key): each for key, each in value.items()}


def is_installable(content: bytes) -> bool:
    """Whether a manifest does not say that its module cannot be installed."""
    try:
        return bool(declared(content).get("installable", True))
    except UnreadableManifest:
        return True  # what is wrong with it is told by the checks of an upgrade


def data_files(content: bytes) -> tuple[str, ...]:
    """Return the module's files of data in their order, without those of the demo."""
    return _files(content, DATA)


def demo_files(content: bytes) -> tuple[str, ...]:
    """Return the module's files of demo data."""
    return _files(content, tuple(sorted(_DEMO)))


def manifest_need(old: bytes, new: bytes, *, with_demo: bool) -> tuple[Need, str]:
    """Return what a change of the manifest of an installed module needs, and why.

    Args:
        old: the content before.
        new: the content afterwards.
        with_demo: whether the database has the module's demo data.
    """
    try:
        before, after = declared(old), declared(new)
    except UnreadableManifest as wrong:
        where = f" at line {wrong.line}" if wrong.line else ""
        return Need.UPGRADE, f"it cannot be read as a dictionary of literals{where}"
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    left_out = _TEXTS | (frozenset() if with_demo else _DEMO)
    counting = sorted(changed - left_out)
    if not counting:
        return Need.NOTHING, _silent(changed)
    if set(counting) <= _IN_PROCESS:
        return Need.RESTART, f"{', '.join(counting)}: Odoo keeps it in the process"
    if "version" in counting:
        return Need.UPGRADE, f"version {_shown(before)} → {_shown(after)}"
    first = next((each for each in counting if each in _WORDS), "")
    return Need.UPGRADE, _WORDS.get(first) or f"{', '.join(counting)} changed"


def _silent(changed: set[str]) -> str:
    if not changed:
        return "only its form"
    if changed <= _TEXTS:
        return "only texts about the module, which the next upgrade brings into the list of apps"
    return "only what an installation reads"


def _shown(manifest: Declared) -> str:
    return str(manifest.get("version", "1.0"))[:40]


def _files(content: bytes, keys: tuple[str, ...]) -> tuple[str, ...]:
    try:
        manifest = declared(content)
    except UnreadableManifest:
        return ()
    lists = (manifest.get(key) for key in keys)
    return tuple(
        each
        for named in lists
        if isinstance(named, list | tuple)
        for each in named
        if isinstance(each, str)
    )
