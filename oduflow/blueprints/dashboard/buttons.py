"""Buttons for the actions that one thing offers now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.actions import Action, actions_on, key_of
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
    destroys: bool


def destroys(action: Action) -> bool:
    """Whether the action's operation destroys something."""
    return context().runner.registry.get(action.operation).effect is Effect.DESTROY


def has_page(action: Action) -> bool:
    """Whether a page asks before the action begins."""
    return action.asks or destroys(action)


def buttons(view: Any, noun: str, *, listed: bool = True) -> Iterator[Button]:
    """Yield a button for each action that a thing offers now.

    Args:
        view: the thing, as its list shows it.
        noun: what it is, such as `environment`.
        listed: whether the buttons are for a row of the list, where none is primary.
    """
    key = {name: getattr(view, name) for name in key_of(noun)}
    path = key if "name" in key else {}
    for action in actions_on(noun):
        if not action.offered(view, listed=listed):
            continue
        is_link = has_page(action)
        endpoint = f"{FACE}.{noun}_{'page' if is_link else 'action'}"
        is_primary = not listed and view.state in action.primary
        yield Button(
            action,
            label=f"{action.label}…" if is_link and not listed else action.label,
            about=" ".join(key.values()),
            url=url_for(endpoint, action=action.slug, **(key if is_link else path)),
            id=f"{action.slug}-{view.name}" if path else "",
            classes="primary" if is_primary else "quiet" if action.sends else "",
            fields={**action.sends, **({} if path else key)},
            is_link=is_link,
            destroys=destroys(action),
        )
