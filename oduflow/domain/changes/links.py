"""Follow the symbolic links of a repository, by their texts alone."""

import posixpath
from collections.abc import Mapping

from oduflow.domain.changes.facts import ROOT

MAX_HOPS = 20
MAX_ALIASES = 50  # of one path: a link to a folder around it has no end of them

Links = Mapping[str, str]
"""What each link leads to, by its path: its text, or a path without links."""


def target(path: str, text: str) -> str:
    """Return the path that a link leads to, by its text; empty outside of the repository."""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
    return "" if found.startswith(("/", "../")) or found == ".." else found


def real_links(texts: Links) -> dict[str, str]:
    """Return links with the paths without links that they lead to, inside of the repository."""
    return {link: led for link in texts if (led := resolved(link, texts))}


def resolved(path: str, texts: Links) -> str:
    """Return a path without links; empty if one leads out of the repository, or in a circle."""
    for _ in range(MAX_HOPS):
        above = next((each for each in (*_above(path), path) if each in texts), "")
        if not above:
            return path
        led = target(above, texts[above])
        if not led:
            return ""
        path = posixpath.normpath(led + path[len(above) :])
    return ""


def aliases(path: str, links: Links) -> tuple[str, ...]:
    """Return the other paths by which a file or a folder is reached; the links are real ones."""
    found, left = dict[str, None](), [path]
    while left and len(found) < MAX_ALIASES:
        each = left.pop(0)
        for link, led in links.items():
            if is_below(each, led) and not is_below(each, link):
                rest = each if led == ROOT else each[len(led) + 1 :]
                alias = f"{link}/{rest}" if rest else link
                if alias not in found and alias != path:
                    found[alias] = None
                    left.append(alias)
    return tuple(found)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder, or anything in it."""
    return folder in {ROOT, path} or path.startswith(f"{folder}/")


def with_linked(folders: Mapping[str, str], links: Links) -> dict[str, str]:
    """Add the modules that only a link has the name of: Odoo names one by the link.

    Args:
        folders: of modules, with their names.
        links: real ones, of the repository.
    """
    found = dict(folders)
    for folder in folders:
        for alias in aliases(folder, links):
            name = posixpath.basename(alias)
            if name not in found.values():
                found[alias] = name
    return found


def _above(path: str) -> list[str]:
    """Return the folders around a path, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
