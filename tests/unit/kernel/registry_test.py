from dataclasses import replace

import pytest

from oduflow.domain.errors import NotFound
from oduflow.kernel.operation import Effect
from oduflow.kernel.registry import DuplicateOperation, Registry, closest_operation
from tests.support.things import THINGS


def test_operations_are_in_alphabetical_order(registry):
    names = [operation.name for operation in registry]

    assert names == sorted(names)
    assert len(registry) == len(THINGS)


def test_an_operation_is_found_by_its_name(registry):
    assert registry.get("create_thing").name == "create_thing"


def test_an_operation_says_whether_its_job_can_be_cancelled(registry):
    lasting = Registry([replace(registry.get("bake_thing"), cancellable=False)])

    assert registry.cancellable("bake_thing")
    assert not lasting.cancellable("bake_thing")
    assert lasting.cancellable("gone_since_a_version"), "it may be of an older process"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("create_things", "Did you mean “create_thing”?"),
        ("delet_thing", "Did you mean “delete_thing”?"),
        ("xyz", "`oduflow tools` lists them all."),
        ("", "`oduflow tools` lists them all."),
    ],
)
def test_an_unknown_name_is_answered_with_the_closest(registry, asked, hint):
    with pytest.raises(NotFound) as refused:
        registry.get(asked)

    assert refused.value.message == f"There is no operation “{asked}”."
    assert refused.value.hint == hint


def test_a_name_is_declared_once():
    twice = [*THINGS, replace(THINGS[0], path="/elsewhere")]

    with pytest.raises(DuplicateOperation, match=f"{THINGS[0].name} .* declared twice"):
        Registry(twice)


def test_a_route_is_declared_once():
    with pytest.raises(DuplicateOperation, match=r"zebra_thing .* declared twice"):
        Registry([*THINGS, replace(THINGS[0], name="zebra_thing")])


def test_one_path_may_have_several_methods(registry):
    methods = {operation.method for operation in registry if operation.path == "/things/{name}"}

    assert methods == {"DELETE", "GET"}


def test_operations_are_found_by_importing_a_package():
    found = Registry.discover("oduflow.operations")

    assert found.get("create_environment").noun == "environments"
    assert found.get("list_jobs").noun == "jobs"


@pytest.fixture
def registry():
    return Registry(THINGS)


@pytest.mark.parametrize(
    ("typed", "of_all", "of_reads"),
    [
        ("delet_thing", "delete_thing", ""),
        ("delete_thin", "delete_thing", ""),
        ("destroy_thing", "get_thing", "get_thing"),
        ("get_thin", "get_thing", "get_thing"),
        ("creat_thin", "create_thing", ""),
        ("remove_thing", "get_thing", "get_thing"),
        ("xyz", "", ""),
    ],
)
def test_what_a_misspelled_name_means_does_never_the_opposite(typed, of_all, of_reads):
    effects = {
        "create_thing": Effect.WRITE,
        "delete_thing": Effect.DESTROY,
        "get_thing": Effect.READ,
    }

    assert closest_operation(typed, effects) == of_all
    assert closest_operation(typed, effects, {"get_thing"}) == of_reads


def test_a_deletion_is_suggested_only_for_a_name_with_its_verb():
    registry = Registry.discover("oduflow.operations")

    with pytest.raises(NotFound, match="no operation") as meant:
        registry.get("delete_enviroment")
    with pytest.raises(NotFound, match="no operation") as other:
        registry.get("remove_environment")

    assert "delete_environment" in meant.value.hint
    assert "delete_environment" not in other.value.hint
