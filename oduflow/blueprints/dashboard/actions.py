"""The table of actions: what the dashboard offers to do, in which words, and when.

Routes, buttons, forms, confirmation pages and the words for running jobs derive from this table.
Whether an action is slow, and whether it destroys something, is declared by its operation.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from oduflow.domain.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Action:
    """One operation that the dashboard offers for one noun.

    Attributes:
        noun: what it is about, such as `extra_repo`.
        operation: the operation's name.
        label: the words on its button.
        progress: what the button and the job show while it runs.
        section: the section of its noun's pages that offers it; empty: the page's head and the
            row of the list.
        states: the states in which it is offered; None: in every state.
        needs: values that the thing's view must have as well.
        creates: whether it makes a new thing; its form is a page of its own.
        primary: the states in which it is the likeliest next step.
        listed: the states in which the list offers it as well; None: in every state.
        asks: whether a page asks for the operation's other arguments first; one that destroys
            something always asks.
        sends: arguments that the button itself sends.
    """

    noun: str
    operation: str
    label: str
    progress: str
    states: Collection[str] | None = None
    needs: Mapping[str, bool] = field(default_factory=dict)
    creates: bool = False
    primary: Collection[str] = ()
    listed: Collection[str] | None = None
    asks: bool = False
    sends: Mapping[str, str] = field(default_factory=dict)
    section: str = ""

    @property
    def slug(self) -> str:
        """Its part of a URL: `start` for `start_environment`."""
        return self.operation.removesuffix(f"_{self.noun}").replace("_", "-")

    def offered(self, view: Any, *, listed: bool) -> bool:
        """Whether a thing offers it, on its own page or in the list."""
        states = [self.states, self.listed] if listed else [self.states]
        return _fits(view, self.needs, *states)


@dataclass(frozen=True, slots=True)
class Opening:
    """The form of a creation that a thing of another noun opens, with its own values filled in.

    Attributes:
        noun: of the thing, such as `template`.
        operation: the creation.
        label: the words on its button.
        fills: the arguments of the form, with the fields of the thing's view that they become.
        states: the states in which it is offered; None: in every state.
        needs: values that the thing's view must have as well.
    """

    noun: str
    operation: str
    label: str
    fills: Mapping[str, str]
    states: Collection[str] | None = None
    needs: Mapping[str, bool] = field(default_factory=dict)

    def offered(self, view: Any) -> bool:
        """Whether a thing offers it."""
        return _fits(view, self.needs, self.states)


def _fits(view: Any, needs: Mapping[str, bool], *states: Collection[str] | None) -> bool:
    return all(each is None or view.state in each for each in states) and all(
        getattr(view, name) is value for name, value in needs.items()
    )


_credential = partial(Action, "credential")
_environment = partial(Action, "environment")
_extra_repo = partial(Action, "extra_repo")
_grant = partial(Action, "grant")
_template = partial(Action, "template")
_upload = partial(Action, "upload")
_of_modules = partial(_environment, asks=True, section="modules")
_of_snapshot = partial(_environment, asks=True, section="snapshot")
_CONTAINER = {"has_container": True}

ACTIONS = (
    _credential("setup_repo_auth", "Add credential", "Asking the git server", creates=True),
    _credential("validate_credential", "Validate", "Asking"),
    _credential("delete_credential", "Delete", "Deleting"),
    _environment("create_environment", "Create environment", "Creating", creates=True),
    _environment("stop_environment", "Stop", "Stopping", {"running"}, _CONTAINER),
    _environment(
        "restart_environment", "Restart", "Restarting", {"running"}, _CONTAINER, listed=()
    ),
    _environment(
        "start_environment",
        "Start",
        "Starting",
        {"failed", "stopped"},
        _CONTAINER,
        primary={"stopped"},
        listed={"stopped"},
    ),
    _environment(
        "rebuild_environment",
        "Rebuild",
        "Rebuilding",
        {"failed", "lost", "running", "stopped"},
        primary={"failed", "lost"},
        listed={"lost"},
    ),
    _environment(
        "pull_and_apply",
        "Pull",
        "Pulling",
        {"failed", "running", "stopped"},
        _CONTAINER,
        listed=(),
    ),
    _environment(
        "switch_branch",
        "Switch branch",
        "Switching the branch",
        {"failed", "running", "stopped"},
        _CONTAINER,
        listed=(),
        asks=True,
    ),
    _environment(
        "copy_environment",
        "Copy",
        "Copying",
        {"failed", "lost", "running", "stopped"},
        listed=(),
        asks=True,
    ),
    _environment(
        "protect_environment",
        "Unprotect",
        "Unprotecting",
        needs={"protected": True},
        listed=(),
        sends={"protected": "false"},
    ),
    _environment(
        "protect_environment",
        "Protect",
        "Protecting",
        needs={"protected": False},
        listed=(),
        sends={"protected": "true"},
    ),
    _environment(
        "save_as_template",
        "Save as template",
        "Saving as a template",
        {"running", "stopped"},
        listed=(),
        asks=True,
    ),
    _environment(
        "run_tests",
        "Run tests",
        "Running tests",
        {"running", "stopped"},
        listed=(),
        asks=True,
    ),
    _environment(
        "take_screenshot",
        "Screenshot",
        "Taking a screenshot",
        {"running"},
        _CONTAINER,
        listed=(),
        asks=True,
    ),
    _of_modules("install_modules", "Install modules", "Installing modules"),
    _of_modules("upgrade_modules", "Upgrade modules", "Upgrading modules"),
    _of_modules("uninstall_modules", "Uninstall modules", "Uninstalling modules"),
    _environment(
        "create_snapshot", "Take snapshot", "Taking a snapshot", asks=True, section="snapshots"
    ),
    _of_snapshot("rollback_environment", "Roll back", "Rolling back"),
    _of_snapshot("delete_snapshot", "Delete snapshot", "Deleting a snapshot"),
    _environment(
        "commit_and_push",
        "Commit and push",
        "Pushing",
        primary=tuple(EnvironmentState),
        asks=True,
        section="edits",
    ),
    _environment("apply_changes", "Apply to Odoo", "Applying edits", section="edits"),
    _environment("discard_edits", "Discard edits", "Discarding edits", section="edits"),
    _environment(
        "discard_edits",
        "Bring discarded edits back",
        "Bringing edits back",
        sends={"undo": "true"},
        section="discarded edits",
    ),
    _environment(
        "delete_environment", "Delete", "Deleting", listed={"creating", "deleting", "failed"}
    ),
    _extra_repo("add_extra_repo", "Add extra repo", "Adding", creates=True),
    _extra_repo("update_extra_repo", "Update", "Updating", {"ready"}),
    _extra_repo("delete_extra_repo", "Delete", "Deleting"),
    _grant("create_grant", "Create grant", "Creating", creates=True),
    _grant("revoke_grant", "Revoke", "Revoking"),
    _template("create_template", "Create template", "Creating", creates=True),
    _template("import_template", "Import backup", "Importing", creates=True),
    _template("update_template", "Edit", "Saving", {"ready"}, asks=True),
    _template("rename_template", "Rename", "Renaming", {"ready"}, asks=True),
    _template("delete_template", "Delete", "Deleting", {"creating", "deleting", "ready"}),
    _upload("delete_upload", "Delete", "Deleting"),
)
OPENINGS = (
    Opening("template", "create_environment", "Use", {"template": "name"}, {"ready"}),
    Opening("upload", "import_template", "Import", {"source": "source"}, needs={"complete": True}),
)
_OTHERS = {  # slow operations without a button
    "diff_environment": "Comparing",
    "execute_sql": "Running SQL in",
    "run_command": "Running a command in",
    "run_odoo_shell": "Running code in",
}
_IDENTIFIED_BY = {"credential": ("host", "username", "path")}


def key_of(noun: str) -> tuple[str, ...]:
    """Return the arguments that identify one thing; a name alone is part of its URL."""
    return _IDENTIFIED_BY.get(noun, ("name",))


def creations_of(noun: str) -> tuple[Action, ...]:
    """Return the actions that make a new thing; the first is the usual one."""
    return tuple(action for action in ACTIONS if action.noun == noun and action.creates)


def form_endpoint(creation: Action) -> str:
    """Return the endpoint of the form of a creation, without the blueprint's name."""
    usual = creation == creations_of(creation.noun)[0]
    return f"new_{creation.noun if usual else creation.operation}"


def openings_of(noun: str) -> Iterator[tuple[Opening, Action]]:
    """Yield the forms that one thing opens, each with its creation."""
    creations = {action.operation: action for action in ACTIONS if action.creates}
    for opening in OPENINGS:
        if opening.noun == noun:
            yield opening, creations[opening.operation]


def actions_on(noun: str) -> tuple[Action, ...]:
    """Return the actions on one thing, in the order of their buttons."""
    return tuple(action for action in ACTIONS if action.noun == noun and not action.creates)


def progress_word(operation: str) -> str:
    """Return what a running job shows, such as `Creating`."""
    found = (action.progress for action in ACTIONS if action.operation == operation)
    return next(found, _OTHERS.get(operation, "Working"))
