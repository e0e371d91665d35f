"""The table of actions: what the dashboard offers to do, in which words, and when.

Routes, buttons, forms, confirmation pages and the words for running jobs derive from this table.
Whether an action is slow, and whether it destroys something, is declared by its operation.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    """One operation that the dashboard offers for one noun.

    Attributes:
        noun: what it is about, such as `extra_repo`.
        operation: the operation's name.
        label: the words on its button.
        progress: what the button and the job show while it runs.
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

    @property
    def slug(self) -> str:
        """Its part of a URL: `start` for `start_environment`."""
        return self.operation.removesuffix(f"_{self.noun}").replace("_", "-")

    def offered(self, view: Any, *, listed: bool) -> bool:
        """Whether a thing offers it, on its own page or in the list."""
        states = [self.states, self.listed] if listed else [self.states]
        return all(each is None or view.state in each for each in states) and all(
            getattr(view, name) is value for name, value in self.needs.items()
        )


_credential = partial(Action, "credential")
_environment = partial(Action, "environment")
_extra_repo = partial(Action, "extra_repo")
_grant = partial(Action, "grant")
_template = partial(Action, "template")
_upload = partial(Action, "upload")
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
    # Offered by the section of modules on the environment's page, never as a button.
    _environment("install_modules", "Install modules", "Installing modules", (), asks=True),
    _environment("upgrade_modules", "Upgrade modules", "Upgrading modules", (), asks=True),
    _environment("uninstall_modules", "Uninstall modules", "Uninstalling modules", (), asks=True),
    # Offered by the section of snapshots on the environment's page, never as a button.
    _environment("create_snapshot", "Take snapshot", "Taking a snapshot", (), asks=True),
    _environment("rollback_environment", "Roll back", "Rolling back", (), asks=True),
    _environment("delete_snapshot", "Delete snapshot", "Deleting a snapshot", (), asks=True),
    # Offered by the page of edits.
    _environment("discard_edits", "Discard edits", "Discarding edits", ()),
    _environment(
        "discard_edits", "Bring edits back", "Bringing edits back", (), sends={"undo": "true"}
    ),
    _environment("commit_and_push", "Commit and push", "Pushing", (), asks=True),
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


def actions_on(noun: str) -> tuple[Action, ...]:
    """Return the actions on one thing, in the order of their buttons."""
    return tuple(action for action in ACTIONS if action.noun == noun and not action.creates)


def progress_word(operation: str) -> str:
    """Return what a running job shows, such as `Creating`."""
    found = (action.progress for action in ACTIONS if action.operation == operation)
    return next(found, _OTHERS.get(operation, "Working"))
