"""Buttons for the actions that one thing offers now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.actions import (
    Action,
    actions_on,
    form_endpoint,
    key_of,
    openings_of,
)
from oduflow.blueprints.dashboard.blueprint import FACE
from oduflow.kernel.operation import Effect


@dataclass(frozen=True, slots=True)
class Button:
    """One action as a page or a list shows it.

    Attributes:
        about: what it acts on, for screen readers.
        label: its words; an ellipsis tells that a page asks first.
        fields: what its form sends without asking.
        is_link: whether it leads to a page that asks first.
    """

    action: Action
    label: str
    about: str
    url: str
    id: str
    classes: str
    fields: Mapping[str, str]
    is_link: bool


def destroys(action: Action) -> bool:
    """Whether the action's operation destroys something."""
    return context().runner.registry.get(action.operation).effect is Effect.DESTROY


def has_page(action: Action) -> bool:
    """Whether a page asks before the action begins."""
    return action.asks or destroys(action)


def buttons(
    view: Any, noun: str, *, listed: bool = True, section: str = "", **given: str
) -> Iterator[Button]:
    """Yield a button for each action that a thing offers now.

    Args:
        view: the thing, as its list shows it.
        noun: what it is, such as `environment`.
        listed: whether the buttons are for a row of the list, where none is primary.
        section: the section of the thing's pages that they are for.
        given: arguments that the section knows, such as a snapshot's name.
    """
    if not section:
        yield from _openings(view, noun)
    key = {name: getattr(view, name) for name in key_of(noun)}
    path = key if "name" in key else {}
    for action in actions_on(noun):
        if action.section != section or not action.offered(view, listed=listed):
            continue
        is_link, is_destroying = has_page(action), destroys(action)
        endpoint = f"{FACE}.{noun}_{'page' if is_link else 'action'}"
        is_primary = not listed and bool(action.primary) and view.state in action.primary
        look = "quiet danger" if is_destroying else "primary" if is_primary else ""
        yield Button(
            action,
            label=f"{action.label}…" if is_link and not listed else action.label,
            about=" ".join((given or key).values()),
            url=url_for(endpoint, action=action.slug, **(key | given if is_link else path)),
            id="" if section or not path else f"{action.slug}-{view.name}",
            classes=look or ("quiet" if action.sends else ""),
            fields={**action.sends, **given, **({} if path else key)},
            is_link=is_link,
        )


def button_of(view: Any, noun: str, operation: str) -> Button:
    """Return the button of one operation, for a page that is about the thing alone."""
    offered = buttons(view, noun, listed=False)
    found = next(button for button in offered if button.action.operation == operation)
    return replace(found, about="")


def _openings(view: Any, noun: str) -> Iterator[Button]:
    for opening, creation in openings_of(noun):
        if opening.offered(view):
            values = {name: getattr(view, field) for name, field in opening.fills.items()}
            yield Button(
                creation,
                label=opening.label,
                about=view.name,
                url=url_for(f"{FACE}.{form_endpoint(creation)}", **values),
                id="",
                classes="",
                fields={},
                is_link=True,
            )
