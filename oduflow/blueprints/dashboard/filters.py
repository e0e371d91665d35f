"""How pages say things: times, people, states."""

from datetime import datetime

from flask import Blueprint

from oduflow.blueprints.dashboard.form_fields import label_of
from oduflow.domain.clock import age

_DOING = {
    "add": "adding",
    "create": "creating",
    "delete": "deleting",
    "rebuild": "rebuilding",
    "restart": "restarting",
    "start": "starting",
    "update": "updating",
}
_PEOPLE = {
    "anonymous": "anonymous",
    "basic": "{}",
    "cli": "{} (command line)",
    "grant": "grant {}",
    "token": "MCP token",
}
_PROOFS = {
    "basic": "password",
    "cli": "command line",
    "oauth": "GitHub",
    "token": "MCP token",
}
_LOUD = {" CRITICAL ": "error", " ERROR ": "error", " WARNING ": "warning"}
_LEVEL_WITHIN = 60  # characters: an Odoo record names its level right after time and process


def add_filters(blueprint: Blueprint) -> None:
    """Let templates use these words."""
    for word in (ago, label_of, loudness, person, proof, spoken, utc):
        blueprint.add_app_template_filter(word)


def ago(moment: str) -> str:
    """Say how long ago an RFC 3339 moment was."""
    return f"{age(datetime.fromisoformat(moment))} ago"


def utc(moment: str) -> str:
    """Write an RFC 3339 moment for people, to the minute."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"


def person(actor: str) -> str:
    """Name whoever did something: `basic:admin` is admin, `grant:ci` is grant ci."""
    kind, colon, subject = actor.partition(":")
    return _PEOPLE.get(kind, "{}").format(subject) if colon else actor


def proof(kind: str) -> str:
    """Say how somebody proved who they are: `oauth` is GitHub."""
    return _PROOFS.get(kind, kind)


def spoken(name: str) -> str:
    """Write a machine's word as people do: `not_found` is Not found."""
    return name.replace("_", " ").capitalize()


def doing(operation: str) -> str:
    """Say what an operation is doing: `create_environment` is creating."""
    return _DOING.get(operation.partition("_")[0], "working")


def loudness(line: str) -> str:
    """Say whether a line of Odoo's log reports an `error` or a `warning`; empty for the rest."""
    head = line[:_LEVEL_WITHIN]
    return next((loud for level, loud in _LOUD.items() if level in head), "")
