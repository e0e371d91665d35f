import importlib
from pathlib import Path

from oduflow import bootstrap
from oduflow.kernel.operation import Effect, declared_in
from oduflow.kernel.registry import Registry
from tests.support.tree import PRODUCT, name_of

FOLDER = PRODUCT / "operations"
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name != "__init__.py")


def test_one_file_is_one_operation():
    for path in FILES:
        module = load(path)
        (operation,) = declared_in(module)

        assert path.parent.parent == FOLDER, "an operation lies in its noun's folder"
        assert operation.noun == path.parent.name
        assert path.stem in operation.name.split("_"), "the file is named for its operation"
        assert module.__doc__ == f"{operation.name}.", name_of(path)


def test_every_file_is_found_by_the_registry():
    assert len(Registry.discover(bootstrap.OPERATIONS)) == len(FILES)


def test_whatever_is_done_to_a_named_thing_can_be_read_in_the_audit():
    silent = [
        operation.name
        for operation in Registry.discover(bootstrap.OPERATIONS)
        if operation.lock and "name" not in operation.audit
    ]

    assert silent == []


def test_a_deletion_is_only_ever_finished_and_everything_else_can_be_called_off():
    jobs = [each for each in Registry.discover(bootstrap.OPERATIONS) if each.slow]

    lasting = {operation.name for operation in jobs if not operation.cancellable}
    assert lasting == {each.name for each in jobs if each.effect is Effect.DESTROY}


def load(path: Path):
    relative = path.relative_to(PRODUCT.parent).with_suffix("")
    return importlib.import_module(".".join(relative.parts))
