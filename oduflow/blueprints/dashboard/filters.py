"""Template filters that write times, people and states for readers."""

from datetime import datetime

from flask import Blueprint

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.form_fields import label_of
from oduflow.domain.clock import age
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.hosting_pages import HostingPages

_PEOPLE = {
    "anonymous": "anonymous",
    "basic": "{}",
    "cli": "{} · CLI",
    "grant": "grant {}",
    "token": "MCP token",
}
_PROOFS = {
    "basic": "password",
    "cli": "command line",
    "oauth": "GitHub",
    "token": "MCP token",
}
_SECOND, _MINUTE = 1_000, 60_000  # milliseconds
_LEVELS = {" CRITICAL ": "error", " ERROR ": "error", " WARNING ": "warning"}
_LEVEL_WITHIN = 60  # characters: an Odoo record names its level right after time and process


def add_filters(blueprint: Blueprint) -> None:
    """Register the filters."""
    for each in (
        *(ago, humanize, label_of, duration, log_level, person, proof, utc),
        *(binary_size, counted, hosting_pages, repository),
    ):
        blueprint.add_app_template_filter(each)


def ago(moment: str) -> str:
    """Return the age of an RFC 3339 time, such as `3 h ago`."""
    return f"{age(datetime.fromisoformat(moment))} ago"


def duration(milliseconds: int) -> str:
    """Return how long something took: `350 ms`, `10.3 s`, `2 min 5 s`."""
    if milliseconds < _SECOND:
        return f"{milliseconds} ms"
    if milliseconds < _MINUTE:
        return f"{milliseconds / _SECOND:.1f} s"
    minutes, rest = divmod(milliseconds, _MINUTE)
    return f"{minutes} min {rest // _SECOND} s"


def utc(moment: str) -> str:
    """Return an RFC 3339 time for readers, to the minute."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"


def person(actor: str) -> str:
    """Return an actor's name for readers: `basic:admin` is admin, `grant:ci` is grant ci."""
    kind, colon, subject = actor.partition(":")
    return _PEOPLE.get(kind, "{}").format(subject) if colon else actor


def proof(kind: str) -> str:
    """Return the kind of credential that an actor used: `oauth` is GitHub."""
    return _PROOFS.get(kind, kind)


def repository(repo_url: str) -> str:
    """Return the name of a repository: `acme/addons` for https://github.com/acme/addons.git."""
    path = repo_url.partition("://")[2].partition("/")[2] or repo_url
    return path.rstrip("/").removesuffix(".git")


def hosting_pages(repo_url: str) -> HostingPages:
    """Return the pages that the hosting service shows for a repository."""
    server = context().settings.server
    return HostingPages.of(repo_url, github=server.github_url, gitlab=server.gitlab_url)


def humanize(name: str) -> str:
    """Return an identifier as words: `not_found` is Not found."""
    return name.replace("_", " ").capitalize()


def log_level(line: str) -> str:
    """Return `error` or `warning` for such a line of Odoo's log; empty for the rest."""
    head = line[:_LEVEL_WITHIN]
    return next((shown for level, shown in _LEVELS.items() if level in head), "")
