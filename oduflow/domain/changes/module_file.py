"""Tell what a changed file of an installed module needs."""

import re
from pathlib import PurePosixPath

from oduflow.domain.changes.csv_data import csv_need
from oduflow.domain.changes.facts import MANIFESTS, RepositoryFacts
from oduflow.domain.changes.manifest import data_files, demo_files, manifest_need
from oduflow.domain.changes.needs import ChangedFile, FileVerdict, Need
from oduflow.domain.changes.python_code import imported_from, python_need
from oduflow.domain.changes.python_names import ANY
from oduflow.domain.changes.xml_data import xml_need

_BUNDLED = frozenset({".css", ".js", ".less", ".mjs", ".sass", ".scss", ".xml"})
_DOCUMENTATION = frozenset({".adoc", ".md", ".rst"})
_DOCUMENTATION_FOLDERS = frozenset({"doc", "docs", "readme"})
_DOCUMENTATION_NAMES = re.compile(r"(AUTHORS|CHANGELOG|COPYRIGHT|LICENSE|NOTICE|README)\b.*")
_OF_TOOLS = frozenset({"pyproject.toml", "setup.cfg"})
_MIGRATIONS = frozenset({"migrations", "upgrades"})
_TRANSLATIONS = frozenset({"i18n", "i18n_extra"})
# Odoo reads the terms of these for further languages, besides those of the language alone.
_SPANISH_OF_AMERICA, _CHINESE_OF_TAIWAN = "es_419", "zh_TW"
_TESTS = "tests"
_COMPARED = {".csv": csv_need, ".xml": xml_need}


def module_file(
    file: ChangedFile, folder: str, module: str, inside: str, facts: RepositoryFacts
) -> FileVerdict:
    """Return what a file of an installed module needs.

    Args:
        file: the file.
        folder: the module's.
        module: its name.
        inside: the path in it.
        facts: the repository and the database.
    """
    path, manifest = PurePosixPath(inside), facts.manifest(folder)
    listed = data_files(manifest)
    if inside in listed or inside in demo_files(manifest):
        return _data(file, module, inside, listed, facts)
    if silent := _silent(path, facts.code(folder), tests_used=module in facts.tests_used):
        return FileVerdict(file.path, module, Need.NOTHING, silent)
    if path.suffix in {".po", ".pot"} and path.parts[0] in _TRANSLATIONS:
        return _translations(file, module, path, facts)
    return FileVerdict(file.path, module, *_code(file, module, path, facts))


def _silent(path: PurePosixPath, init: bytes, *, tests_used: bool) -> str:
    """Return why a file has no effect on an Odoo that serves; empty if it may have one.

    The module's own `__init__.py` may import a folder always.
    """
    top, nested = path.parts[0], len(path.parts) > 1
    imported = "" in imported_from(init, top)
    if top == _TESTS and nested and not (imported or tests_used):
        return "code of tests, which Odoo imports when it runs them"
    if top in _MIGRATIONS and not imported:
        return "run by an upgrade to another version, which it is not by itself"
    return "documentation" if _is_documentation(path) else ""


def _is_documentation(path: PurePosixPath) -> bool:
    return (
        any(part.startswith(".") for part in path.parts)
        or (path.parts[0] in _DOCUMENTATION_FOLDERS and path.suffix != ".py")
        or path.parts[:2] == ("static", "description")
        or path.suffix in _DOCUMENTATION
        or path.name in _OF_TOOLS
        or _DOCUMENTATION_NAMES.fullmatch(path.name) is not None
    )


def _code(
    file: ChangedFile, module: str, path: PurePosixPath, facts: RepositoryFacts
) -> tuple[Need, str]:
    if not file.read:
        return Need.UPGRADE, "it is too large to be compared"
    if str(path) in MANIFESTS:
        return _manifest(file, module, facts)
    if path.parts[0] == "static":
        return _static(file, path)
    if path.suffix == ".py":
        run = {ANY} if module in facts.unread else facts.run
        return python_need(str(path), file.old, file.new, run)
    return Need.UPGRADE, "what reads it is not known"


def _manifest(file: ChangedFile, module: str, facts: RepositoryFacts) -> tuple[Need, str]:
    if file.old is None or file.new is None:
        return Need.UPGRADE, "the manifest has another name"
    return manifest_need(file.old, file.new, with_demo=module in facts.with_demo)


def _static(file: ChangedFile, path: PurePosixPath) -> tuple[Need, str]:
    if path.suffix not in _BUNDLED:
        return Need.NOTHING, "a static file, which is served as it is"
    if file.added or file.removed:
        # A pattern of the manifest may match it, which the process has looked up.
        return Need.RESTART, f"a file for bundles is {'new' if file.added else 'gone'}"
    return Need.ASSETS, "part of a bundle"


def _translations(
    file: ChangedFile, module: str, path: PurePosixPath, facts: RepositoryFacts
) -> FileVerdict:
    code = path.stem
    active = tuple(sorted(each for each in facts.languages if code in _sources(each)))
    if path.suffix == ".pot" or not active:
        why = "a template of translations" if path.suffix == ".pot" else f"{code} is not active"
        return FileVerdict(file.path, module, Need.NOTHING, why)
    if file.removed:
        kept = f"{file.path} is gone: its terms that were loaded stay in the database"
        return FileVerdict(file.path, module, Need.RESTART, "terms are gone", warning=kept)
    why = f"terms in {', '.join(active)}"
    return FileVerdict(file.path, module, Need.TRANSLATIONS, why, languages=active)


def _sources(language: str) -> frozenset[str]:
    """Return the files of terms that Odoo reads for a language, as its `get_base_langs` does.

    Older versions read fewer of them: then their terms are loaded once more, which changes nothing.
    """
    base = language.partition("_")[0]
    found = {base, language}
    if base == "es" and language != "es_ES":
        found.add(_SPANISH_OF_AMERICA)
    if language == "zh_HK":
        found.add(_CHINESE_OF_TAIWAN)
    return frozenset(found)


def _data(
    file: ChangedFile, module: str, inside: str, listed: tuple[str, ...], facts: RepositoryFacts
) -> FileVerdict:
    if inside not in listed:
        if module not in facts.with_demo:
            why = "demo data, which the database does not have"
            return FileVerdict(file.path, module, Need.NOTHING, why)
        return FileVerdict(file.path, module, Need.UPGRADE, "demo data")
    compare = _COMPARED.get(PurePosixPath(inside).suffix)
    if compare is None or not file.read:
        why = "data that only an upgrade loads" if file.read else "it is too large"
        return FileVerdict(file.path, module, Need.UPGRADE, why)
    found = compare(file.old, file.new)
    kept = ", ".join(found.kept[:5])
    warning = f"{kept} in {file.path} is noupdate: Odoo keeps it as it is" if kept else ""
    if found.dropped:
        fields = ", ".join(found.dropped[:5])
        dropped = f"{fields} in {file.path} is no longer set: Odoo keeps the value"
        warning = f"{warning}; {dropped}" if warning else dropped
    return FileVerdict(
        file.path,
        module,
        found.need,
        found.why,
        file=inside if found.need is Need.RELOAD else "",
        order=listed.index(inside),
        ids=tuple(id_ if "." in id_ else f"{module}.{id_}" for id_ in found.ids),
        warning=warning,
        owners=tuple(name for name in found.owners if name != module),
    )
