"""Where the dashboard offers the calls that a result suggests: a link or a button for each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flask import url_for

from oduflow.blueprints.dashboard.actions import ACTIONS, Action, form_endpoint, key_of
from oduflow.blueprints.dashboard.blueprint import blueprint
from oduflow.blueprints.dashboard.buttons import has_page
from oduflow.blueprints.dashboard.credential_form import OPERATION, REPOSITORY, URL
from oduflow.blueprints.dashboard.resources import RESOURCES
from oduflow.domain.next_call import RETRY, Next

Arguments = Mapping[str, Any]  # Any: url_for has options of other types besides


@dataclass(frozen=True, slots=True)
class Place:
    """One suggested call as a page shows it.

    Attributes:
        label: the words of its link or button.
        url: where it leads.
        reason: what it is good for.
        fields: what its form sends; a link has none.
        is_form: whether it is a button that makes the call, not a link.
        primary: whether it is the likeliest next step of its page.
        progress: what the button shows while the call runs.
    """

    label: str
    url: str
    reason: str
    fields: Mapping[str, str] = field(default_factory=dict)
    is_form: bool = False
    primary: bool = False
    progress: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that shows what a reading operation returns.

    Attributes:
        label: its name; {name}, {job} and {handle} become the arguments of the call.
        url: returns its URL for the arguments.
    """

    label: str
    url: Callable[[Arguments], str]


def _page(endpoint: str, anchor: str | None = None) -> Callable[[Arguments], str]:
    return lambda given: url_for(f"dashboard.{endpoint}", _anchor=anchor, **given)


_JOB = _Page("Job", _page("job"))
_PAGES: Mapping[str, _Page] = MappingProxyType(
    {
        "cancel_job": _JOB,
        "diff_environment": _Page("Changes of {name}", _page("diff")),
        "diff_edits": _Page("Edits of {name}", _page("edits")),
        "get_environment": _Page("{name}", _page("environment")),
        "get_environment_login": _Page("Login of {name}", _page("environment", "login")),
        "get_environment_logs": _Page("Log of {name}", _page("environment", "log")),
        "get_job": _JOB,
        "get_status": _Page("System", _page("system")),
        "get_test_run": _Page("Tests of {name}", _page("test_runs")),
        "list_environments": _Page("Environments", _page("environments")),
        "list_jobs": _Page("Jobs", _page("jobs")),
        "list_modules": _Page("Modules of {name}", _page("environment", "checkout")),
        "list_snapshots": _Page("Snapshots of {name}", _page("environment", "snapshots")),
        "list_test_runs": _Page("Tests of {name}", _page("test_runs")),
        "list_uploads": _Page("Uploads", _page("new_import_template", "uploads")),
        "read_audit": _Page("Audit", _page("audit")),
        "read_file": _Page("{name}", _page("environment")),
        "read_output": _Page("Whole output", _page("output")),
        "wait_for_job": _JOB,
        **{f"list_{each.plural}": _Page(each.heading, _page(each.plural)) for each in RESOURCES},
    }
)


@blueprint.app_template_filter()
def places_of(steps: Iterable[Next]) -> list[Place]:
    """Return where the dashboard offers calls, without those that no page offers.

    The form of a credential opens with the repository that another one of the calls is about: the
    call cannot name it, because its argument is the URL with the secret.
    """
    steps = tuple(steps)
    about = next((str(step.arguments[URL]) for step in steps if step.arguments.get(URL)), "")
    places = [
        _credential_place(step.reason, about)
        if step.operation == OPERATION and about
        else place_of(step)
        for step in steps
    ]
    return [place for place in places if place is not None]


def place_of(step: Next) -> Place | None:
    """Return where the dashboard offers a call; None for one that no page offers."""
    given: Arguments = {name: _text(value) for name, value in step.arguments.items()}
    if step.operation in _PAGES:
        page = _PAGES[step.operation]
        return Place(page.label.format(**given), page.url(given), step.reason)
    action = _action_of(step.operation, given)
    if action is not None and action.creates:
        # A form takes a list as one value for each item.
        given = {name: _items(value) for name, value in step.arguments.items()}
    return None if action is None else _place_of_action(action, given, step.reason)


def _credential_place(reason: str, repo_url: str) -> Place:
    (action,) = (each for each in ACTIONS if each.operation == OPERATION)
    given: Arguments = {REPOSITORY: repo_url}
    return Place(action.label, url_for(f"dashboard.{form_endpoint(action)}", **given), reason)


def _place_of_action(action: Action, given: Arguments, reason: str) -> Place:
    noun = action.noun
    if action.creates:
        url = url_for(f"dashboard.{form_endpoint(action)}", **given)
        if reason == RETRY:
            return Place("Edit and retry", url, reason, primary=True)
        return Place(action.label, url, reason)
    key: Arguments = {name: given[name] for name in key_of(noun) if name in given}
    fields: Arguments = {name: value for name, value in given.items() if name not in key}
    label = f"{action.label} {given.get('name', '')}".rstrip()
    is_page = has_page(action)
    endpoint = f"dashboard.{noun}_{'page' if is_page else 'action'}"
    shown: Arguments = {**key, **fields} if is_page else key
    url = url_for(endpoint, action=action.slug, **shown)
    if is_page:
        return Place(f"{label}…", url, reason)
    return Place(label, url, reason, fields, is_form=True, progress=action.progress)


def _action_of(operation: str, given: Arguments) -> Action | None:
    """Return the action of an operation; of several, the one that sends the given values."""
    found = [action for action in ACTIONS if action.operation == operation]
    fitting = [action for action in found if action.sends.items() <= given.items()]
    return next(iter(fitting or found), None)


def _items(value: object) -> str | list[str]:
    return list(value) if isinstance(value, tuple | list) else _text(value)


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
