"""What a change of code finds after its wait for a turn, and what it leaves for later."""

import pytest

from oduflow.domain.errors import Kind
from oduflow.domain.plan import EnvironmentPlan
from tests.support.code_changes import (
    BODY_CHANGED,
    FILES,
    VIEW_CHANGED,
    files,
    make,
    modules,
    push,
    row,
)
from tests.support.memory.odoo import module


@pytest.mark.parametrize("changes", [VIEW_CHANGED, BODY_CHANGED])
def test_a_module_that_is_installed_while_a_change_waits_makes_it_compare_anew(
    world, running, changes
):
    before, commit = row(running), push(world, changes)
    database = EnvironmentPlan.of(running.deps.naming, before).database

    def install() -> None:
        states = {**modules(world, running), "child": "installed"}
        world.postgres.change(database, modules=states)

    running.faults.meanwhile["code_change.checkout.before"] = install

    error = running.refused("pull_and_apply", name="sale")

    assert error.kind is Kind.CONFLICT
    assert error.message.startswith("child is installed, or not any more, in sale since ")
    assert (row(running), files(running), world.odoo.changes) == (before, FILES, [])
    running.faults.meanwhile.clear()
    assert running.ok("pull_and_apply", name="sale").commit == commit


def test_a_new_module_that_was_left_out_is_named_with_the_call_that_installs_it(world, running):
    needy = module("needy") | {"needy/__manifest__.py": '{"depends": ["nowhere"]}'}
    push(world, needy)

    left_out = running.call("pull_and_apply", name="sale")

    called = [each for each in left_out.next if each.operation == "install_modules"]
    assert [each.arguments for each in called] == [{"name": "sale", "modules": ["needy"]}]
    push(world, needy | module("nowhere"))
    running.ok("pull_and_apply", name="sale")
    running.ok("install_modules", **called[0].arguments)
    assert modules(world, running)["needy"] == "installed"


@pytest.fixture
def running(world, process):
    return make(world, process)
