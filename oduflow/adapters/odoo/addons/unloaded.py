"""Explain what of a checkout Odoo does not load, or loads only in part."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath

from oduflow.adapters.odoo.addons.manifest import LFS_POINTER
from oduflow.adapters.odoo.addons.paths import real_path
from oduflow.adapters.odoo.addons.versions import series_of
from oduflow.adapters.odoo.addons.walk import MAX_FOLDERS, Candidate, Walk
from oduflow.domain.addons import MODULE_NAME, CheckoutWarning, OdooRules
from oduflow.domain.errors import Invalid
from oduflow.domain.names import slug
from oduflow.domain.next_call import Next, Value
from oduflow.domain.submodules import absolute, declared
from oduflow.files.regular import read_bytes, read_regular

MAX_ATTRIBUTES_BYTES = 64 << 10
POINTER_BYTES = 1024  # git-lfs's own limit for a pointer
MAX_URL = 500
NAMED = 3  # examples in a warning


def other_series(modules: Iterable[Candidate], rules: OdooRules) -> Iterator[CheckoutWarning]:
    """Warn of modules of another series, once for each folder and series."""
    groups: defaultdict[tuple[PurePosixPath, str], list[Candidate]] = defaultdict(list)
    for module in modules:
        if module.manifest.wrong_series:
            version = module.manifest.version
            groups[module.folder, series_of(version) or version].append(module)
    for (folder, series), held in groups.items():
        yield CheckoutWarning.of(
            f"{folder}/" if len(held) > 1 else held[0].path / rules.manifests[0],
            f"Odoo {rules.series} does not install {_some(module.name for module in held)}: "
            f"the manifest's version is of series {series}.",
            f"Port it and set the version to {rules.series}.x.y.z, or use a branch for "
            f"{rules.series}.",
        )


def without_init(
    modules: Iterable[Candidate], skipped: Collection[Candidate]
) -> Iterator[CheckoutWarning]:
    """Warn of modules without `__init__.py`.

    Args:
        modules: these modules.
        skipped: those of them whose folder Odoo leaves out, because no module in it has one.
    """
    for module in modules:
        effect = (
            "so Odoo does not list the module"
            if module in skipped
            else "so Odoo loads the module's data and none of its Python code"
        )
        yield CheckoutWarning.of(
            f"{module.path}/", f"It has no __init__.py, {effect}.", "Add an __init__.py."
        )


def ignored_dependencies(modules: Iterable[Candidate]) -> Iterator[CheckoutWarning]:
    """Warn of keys in `external_dependencies` that Odoo does not read."""
    for module in modules:
        if module.manifest.ignored:
            yield CheckoutWarning.of(
                f"{module.path}/",
                f"Odoo ignores {', '.join(module.manifest.ignored)} in external_dependencies.",
                "Odoo reads python and bin there: move the names, or leave the key out.",
            )


def broken_links(walk: Walk, folders: Collection[PurePosixPath]) -> Iterator[CheckoutWarning]:
    """Warn of links to modules that the repository does not hold.

    Args:
        walk: what was found.
        folders: those on the addons path; of other folders only links into nothing count.
    """
    for path in walk.links:
        target = str((walk.checkout / path).readlink())
        real = real_path(walk.checkout, path)
        if real is not None and (walk.checkout / real).exists():
            continue
        if MODULE_NAME.match(path.name) and (not folders or path.parent in folders or real):
            yield CheckoutWarning.of(
                path,
                f"It is a link to {target[:200]}, which the repository does not hold.",
                "Commit the module itself, or add the repository that holds it as an extra repo.",
                Next.of("add_extra_repo", "adds that repository"),
            )


def missing_submodules(checkout: Path, repo_url: str) -> Iterator[CheckoutWarning]:
    """Warn of submodules whose places are empty."""
    text = read_regular(checkout / ".gitmodules", MAX_ATTRIBUTES_BYTES) or ""
    for path, url in declared(text):
        real = real_path(checkout, PurePosixPath(path))
        if real is None or _has_entries(checkout / real):
            continue
        yield CheckoutWarning.of(
            f"{path}/",
            f"It is a submodule ({url[:200]}) that was not fetched: only public ones on the "
            "repository's own server are.",
            "Add that repository as an extra repo, and create the environment with it.",
            _adding(path, absolute(url, repo_url)),
        )


def _adding(path: str, url: str) -> Next:
    """Return the call that adds a submodule's repository, without an unusable name or URL."""
    known: dict[str, Value] = {}
    with suppress(Invalid):  # the folder's name has no usable character
        known["name"] = slug(path.rpartition("/")[2])
    if url.isprintable() and len(url) <= MAX_URL:
        known["repo_url"] = url
    return Next.of("add_extra_repo", "adds it", **known)


def large_files(checkout: Path) -> Iterator[CheckoutWarning]:
    """Warn of pointers of Git LFS, whose files are not fetched; one warning for all of them."""
    attributes = read_regular(checkout / ".gitattributes", MAX_ATTRIBUTES_BYTES) or ""
    if "filter=lfs" not in attributes:
        return
    pointers = sorted(_pointers(checkout))
    if pointers:
        more = f"; {len(pointers)} files are pointers" if len(pointers) > 1 else ""
        yield CheckoutWarning.of(
            pointers[0],
            f"It is a pointer of Git LFS, whose files are not fetched{more}.",
            "Commit what Odoo needs without LFS: git lfs migrate export --include=…",
        )


def _has_entries(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entries)
    except OSError:
        return False


def _pointers(checkout: Path) -> Iterator[str]:
    walked = islice(os.walk(checkout, followlinks=False), MAX_FOLDERS)
    for folder, _names, files in walked:
        for name in files:
            content = read_bytes(Path(folder) / name, POINTER_BYTES)
            if content is not None and content.startswith(LFS_POINTER.encode()):
                yield (Path(folder) / name).relative_to(checkout).as_posix()


def _some(names: Iterable[str]) -> str:
    """Return some names, and how many more there are."""
    all_names = sorted(names)
    more = len(all_names) - NAMED
    return ", ".join(all_names[:NAMED]) + (f" and {more} more" if more > 0 else "")
