"""The tables of commands: what `oduflow --help` lists, readable without loading the commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A command that runs one operation under a short name.

    Attributes:
        tool: the operation.
        help: one line, for the list of commands.
    """

    tool: str
    help: str


SHORTCUTS: Mapping[str, Shortcut] = MappingProxyType(
    {
        "ls": Shortcut("list_environments", "List the environments."),
        "create": Shortcut("create_environment", "Create an environment for a branch."),
        "show": Shortcut("get_environment", "Show one environment."),
        "open": Shortcut("get_environment", "Open an environment's Odoo in the browser."),
        "login": Shortcut("get_environment_login", "Show how to sign in to an environment."),
        "logs": Shortcut("get_environment_logs", "Show an environment's log; -f follows it."),
        "diff": Shortcut("diff_environment", "Show what differs from an environment's template."),
        "start": Shortcut("start_environment", "Start an environment."),
        "stop": Shortcut("stop_environment", "Stop an environment."),
        "rebuild": Shortcut("rebuild_environment", "Create an environment's container again."),
        "snapshot": Shortcut("create_snapshot", "Keep an environment's state of this moment."),
        "snapshots": Shortcut("list_snapshots", "List an environment's snapshots."),
        "rollback": Shortcut("rollback_environment", "Bring an environment back to a snapshot."),
        "test": Shortcut("run_tests", "Run the tests of modules on a clone of the data."),
        "copy": Shortcut("copy_environment", "Copy an environment under a new name."),
        "save": Shortcut("save_as_template", "Make a template of an environment."),
        "rm": Shortcut("delete_environment", "Delete an environment."),
        "ps": Shortcut("list_jobs", "List the latest jobs; --active lists those that run."),
        "status": Shortcut("get_status", "Show the team's quota and what is in use."),
    }
)

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Run the server in the foreground.",
        "quickstart": "Install what is missing, serve, and create a first environment.",
        "service": "Run the server as a systemd service.",
        "call": "Run one operation: oduflow call TOOL [ARGS].",
        "tools": "List the operations, or show one.",
        "import": "Make a template of a backup: oduflow import FILE.",
        "completion": "Print the completion script for a shell.",
        "doctor": "Check every part that environments need.",
        "images": "Pull or build the images that environments need.",
        "audit": "Verify the audit trail.",
        "storage": "Make the pool, in which environments share blocks with templates.",
        "destroy": "Remove everything that this instance created.",
    }
)

# Of commands whose names are words of Python.
MODULES: Mapping[str, str] = MappingProxyType({"import": "import_file"})
