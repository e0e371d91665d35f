"""Random writes, snapshots, deletions and rollbacks against a dictionary: nothing is lost."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.held import EnvironmentContents
from tests.support.memory.odoo import module
from tests.support.memory.process import Process
from tests.support.memory.world import MemoryWorld


class SnapshotMachine(RuleBasedStateMachine):
    """One environment, and what each of its snapshots must bring back."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.world = MemoryWorld(Path(self.folder.name))
        process = Process(self.world)
        process.ok("create_template", name="base")
        url = self.world.git.repository("addons", {"main": module("sale")})
        process.ok("create_environment", name="sale", repo_url=url)
        self.held, self.now, self.count = EnvironmentContents(self.world, process), "0", 0
        self.kept: dict[str, str] = {}
        self.held.write("0")

    @rule()
    def write(self) -> None:
        self.count += 1
        self.now = str(self.count)
        self.held.write(self.now)

    @rule()
    def snapshot(self) -> None:
        self.count += 1
        self.held.process.ok("create_snapshot", name="sale", snapshot=f"s{self.count}")
        self.kept[f"s{self.count}"] = self.now

    @precondition(lambda self: self.kept)
    @rule(choice=st.integers(min_value=0))
    def roll_back(self, choice: int) -> None:
        name = sorted(self.kept)[choice % len(self.kept)]
        before = self.held.process.call("rollback_environment", name="sale", snapshot=name).snapshot
        assert before
        self.kept[before], self.now = self.now, self.kept[name]
        listed = set(self.held.snapshots())
        self.kept = {each: text for each, text in self.kept.items() if each in listed}

    @precondition(lambda self: self.kept)
    @rule(choice=st.integers(min_value=0))
    def delete(self, choice: int) -> None:
        name = sorted(self.kept)[choice % len(self.kept)]
        self.held.process.ok("delete_snapshot", name="sale", snapshot=name)
        del self.kept[name]

    @rule(restart=st.booleans())
    def stop_or_start(self, restart: bool) -> None:  # noqa: FBT001 - a strategy's value
        verb = "restart" if restart else "stop"
        self.held.process.ok(f"{verb}_environment", name="sale")

    @invariant()
    def everything_is_there(self) -> None:
        if hasattr(self, "held"):
            assert self.held.read() == {self.now}
            assert set(self.held.snapshots()) == set(self.kept)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            self.folder.cleanup()


@pytest.mark.thorough
def test_random_writes_snapshots_and_rollbacks_lose_nothing():
    quick = settings(
        max_examples=6,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(SnapshotMachine, settings=quick)
