import ast
import importlib
from pathlib import Path

from oduflow import bootstrap
from oduflow.domain.access import NAMED, Scope, Tier
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import Effect, declared_in
from oduflow.kernel.registry import Registry
from tests.support.samples import required_arguments
from tests.support.tree import PRODUCT, code_files, name_of, nodes_of

FOLDER = PRODUCT / "operations"
# Slow operations whose work is not in `services/<noun>/<file of the operation>`, and where it is.
ELSEWHERE = {
    "apply_changes": "environments/code_change/run.py",  # one change, three ways to its files
    "commit_and_push": "edits/push.py",  # the push is most of it
    "install_modules": "environments/module_change/run.py",  # one change, three verbs
    "pull_and_apply": "environments/code_change/run.py",
    "save_as_template": "templates/save.py",  # about an environment; what it makes is a template
    "switch_branch": "environments/code_change/run.py",
    "uninstall_modules": "environments/module_change/run.py",
    "upgrade_modules": "environments/module_change/run.py",
}
# Operations that write about an environment and take no snapshot before, and why.
WITHOUT_UNDO = {
    "apply_changes": "a snapshot of its own, once it is known that data are written",
    "commit_and_push": "git keeps what was committed; the work tree stays as it is",
    "connect_as_user": "a session, which is no data of the database",
    "copy_environment": "the source stays as it is",
    "create_snapshot": "it changes nothing",
    "delete_file": "an edit: discard_edits brings the committed file back",
    "discard_edits": "it keeps the edits itself, and brings them back with undo",
    "http_request": "most requests only look; create_snapshot is one call before others",
    "protect_environment": "the row's flag only",
    "pull_and_apply": "a snapshot of its own, once it is known that data are written",
    "restart_environment": "no data",
    "rollback_environment": "the state before becomes a snapshot itself",
    "run_command": "most commands only look; create_snapshot is one call before others",
    "run_tests": "they run on a clone",
    "save_as_template": "the environment stays as it is",
    "start_environment": "no data",
    "stop_environment": "no data",
    "switch_branch": "a snapshot of its own, once it is known that data are written",
    "take_screenshot": "most pages only show data; create_snapshot is one call before others",
    "write_file": "an edit: edits are shown by diff_edits and undone by discard_edits",
}
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name != "__init__.py")


def test_one_file_is_one_operation():
    for path in FILES:
        module = load(path)
        (operation,) = declared_in(module)

        assert path.parent.parent == FOLDER, "an operation lies in its noun's folder"
        assert operation.noun == path.parent.name
        word = path.stem.removesuffix("_")  # behind `import`, which Python has for itself
        assert word in operation.name.split("_"), "the file is named for its operation"
        assert module.__doc__ == f"{operation.name}.", name_of(path)


def test_the_work_of_a_slow_operation_is_in_the_service_module_of_the_same_name():
    slow = {
        operation.name: f"{path.parent.name}/{path.name}"
        for path in FILES
        for operation in declared_in(load(path))
        if operation.slow
    }
    services = {
        name: f"oduflow/services/{ELSEWHERE.get(name, file)}" for name, file in slow.items()
    }

    assert set(ELSEWHERE) <= set(slow)
    assert [name for name in slow if services[name] not in imported_by(FOLDER / slow[name])] == []


def test_every_operation_that_writes_about_an_environment_takes_a_snapshot_or_says_why_not():
    without = {
        operation.name
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if operation.scope is Scope.ENVIRONMENT
        and operation.effect is Effect.WRITE
        and operation.undo is None
    }

    assert without == set(WITHOUT_UNDO)


def test_every_file_is_found_by_the_registry():
    assert len(Registry.discover(bootstrap.OPERATIONS)) == len(FILES)


def test_the_audit_names_what_every_locking_operation_changes():
    silent = [
        operation.name
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if not set(operation.holds) & set(operation.arguments.model_fields) <= set(operation.audit)
    ]

    assert silent == []


def test_the_audit_names_the_one_thing_that_a_call_is_about_also_of_a_read():
    named = {**dict.fromkeys(NAMED, "name"), Scope.JOB: "job", Scope.OUTPUT: "handle"}
    silent = [
        operation.name
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if operation.scope in named and named[operation.scope] not in operation.audit
    ]

    assert silent == []


def test_the_audit_says_whether_a_template_was_replaced():
    silent = [
        operation.name
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if "replace" in operation.arguments.model_fields and "replace" not in operation.audit
    ]

    assert silent == []


def test_lock_of_an_environment_is_held_by_every_operation_that_changes_one():
    registry = Registry.discover(bootstrap.OPERATIONS)
    about_one = {Scope.ENVIRONMENT, Scope.NEW_ENVIRONMENT}
    changing = [
        found for found in registry if found.scope in about_one and found.effect is not Effect.READ
    ]

    unlocked = [
        operation.name
        for operation in changing
        if LockKey.environment("1", "shop")
        not in operation.lock_keys(
            "1", operation.arguments.model_construct(name="shop", **others(operation))
        )
    ]

    assert len(changing) > 6
    assert unlocked == []


def test_an_operation_on_an_environment_has_a_valid_example_of_each_argument_that_it_requires():
    """OpenAPI shows the examples, and tests of every operation call it with them."""
    registry = Registry.discover(bootstrap.OPERATIONS)
    found = [each for each in registry if each.scope is Scope.ENVIRONMENT]
    required = {
        f"{each.name} {name}": field
        for each in found
        for name, field in each.arguments.model_fields.items()
        if field.is_required() and name != "name"
    }

    assert len(required) > 10
    assert [where for where, field in required.items() if not field.examples] == []
    for operation in found:
        operation.arguments.model_validate(required_arguments(operation.arguments, name="shop"))


def others(operation):
    """Name the other things that a call holds."""
    return {field: "another" for field in operation.holds if field != "name"}


def test_lock_keys_are_written_in_one_module_only():
    """Nothing outside the kernel spells a key: it asks LockKey for one."""
    spelled = [
        name_of(path)
        for path in code_files()
        if name_of(path) != "oduflow/kernel/locks.py"
        and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "LockKey"
            for node in nodes_of(path)
        )
    ]

    assert spelled == []


def test_a_read_needs_a_reading_permission_unless_it_shows_a_secret():
    registry = Registry.discover(bootstrap.OPERATIONS)
    wider = [
        operation.name
        for operation in registry
        if operation.effect is Effect.READ
        and operation.permission.tier not in {Tier.READ, Tier.ADMIN}
    ]

    assert wider == ["get_environment_login", "query_database"]
    assert wider == [operation.name for operation in registry if operation.shows_secret]


def test_a_deletion_is_only_ever_finished_and_everything_else_can_be_called_off():
    jobs = [each for each in Registry.discover(bootstrap.OPERATIONS) if each.slow]

    lasting = {operation.name for operation in jobs if not operation.cancellable}
    assert lasting == {each.name for each in jobs if each.effect is Effect.DESTROY}


def imported_by(path: Path) -> set[str]:
    """Name the files that a module imports, or imports from."""
    return {
        f"{name.replace('.', '/')}.py"
        for node in nodes_of(path)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        for name in (node.module or "", f"{node.module}.{alias.name}")
    }


def load(path: Path):
    relative = path.relative_to(PRODUCT.parent).with_suffix("")
    return importlib.import_module(".".join(relative.parts))
