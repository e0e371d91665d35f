"""Kill the real server at every step of a snapshot and of a rollback: nothing is half done."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.rollback import Rollback
from oduflow.services.snapshots.create import SnapshotCreation, new_snapshot
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.server import serves
from tests.support.store_rows import environment
from tests.support.variants import plan_of, signed_in

pytestmark = pytest.mark.timeout(900)

PUT = """
    INSERT INTO ir_config_parameter (key, value) VALUES ('walk', %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


def test_a_snapshot_that_was_killed_at_any_step_leaves_nothing_and_odoo_goes_on(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="walk", repo_url=sample_repository)
    before = world(instance)
    with KillWalk(instance) as walk:
        for point in points("snapshot", steps(instance)[0]):
            wanted = {"snapshot": "cut"}
            walk.kill_at(point, "POST", "/api/environments/walk/snapshots", json=wanted)
            walk.eventually(lambda: serves(made["url"]), point)
            walk.eventually(lambda: world(instance) == before, point)
            assert instance.ok("list_snapshots", name="walk")["snapshots"] == [], point
    instance.ok("delete_environment", name="walk")


def test_a_rollback_that_was_killed_at_any_step_is_finished_or_undone(
    instance: Instance, sample_repository: str
) -> None:
    made = instance.ok("create_environment", name="walk", repo_url=sample_repository)
    plan = plan_of(instance, "walk")
    put(instance, "before")
    instance.ok("create_snapshot", name="walk", snapshot="clean")
    walked = points("rollback", steps(instance)[1])
    decided = walked.index("rollback.checkout.before")
    with KillWalk(instance) as walk:
        for position, point in enumerate(walked):
            put(instance, "after")
            walk.kill_at(
                point, "POST", "/api/environments/walk/rollback", json={"snapshot": "clean"}
            )
            # Odoo may never have stopped, so that its page says nothing about the rollback.
            walk.eventually(lambda: settled(walk), point)
            walk.eventually(lambda: serves(made["url"]), point)
            wanted = "before" if position >= decided else "after"
            assert read(instance) == {wanted}, point
            assert instance.ok("get_environment", name="walk")["state"] == "running", point
    instance.ok("delete_environment", name="walk")
    assert not any(plan.id in each for each in world(instance).volumes)


def test_kills_at_random_moments_leave_whole_environments(
    instance: Instance, sample_repository: str
) -> None:
    before, seed = world(instance), random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)  # noqa: S311 - to be repeated
    wanted = {"name": "walk", "repo_url": sample_repository}
    with KillWalk(instance) as walk:

        def kill(seconds: float, method: str, path: str = "", **more: Any) -> list[str]:
            url = f"/api/environments{path}"
            walk.kill_during("", rng.uniform(0, seconds), method, url, **more)
            walk.eventually(lambda: set(steps_now(walk)) <= {None}, f"seed {seed}")
            return [row["state"] for row in walk.server.environments()]

        states = kill(3, "POST", json=wanted)
        if states == ["failed"]:  # its Odoo was just starting, so it is kept to be looked at
            instance.ok("delete_environment", name="walk")
        assert states == ["running"] or world(instance) == before, (seed, states)
        url = instance.ok("create_environment", **wanted)["url"]
        put(instance, "before")
        instance.ok("create_snapshot", name="walk", snapshot="clean")
        put(instance, "after")

        assert kill(1, "POST", "/walk/snapshots", json={"snapshot": "cut"}) == ["running"], seed
        walk.eventually(lambda: serves(url), f"seed {seed}")
        listed = instance.ok("list_snapshots", name="walk")["snapshots"]
        assert {"clean"} <= {each["name"] for each in listed} <= {"clean", "cut"}, seed
        assert read(instance) == {"after"}, seed

        assert kill(2, "POST", "/walk/rollback", json={"snapshot": "clean"}) == ["running"], seed
        walk.eventually(lambda: serves(url), f"seed {seed}")
        assert read(instance) in ({"before"}, {"after"}), seed
        instance.ok("rollback_environment", name="walk", snapshot="clean")
        assert read(instance) == {"before"}, seed

        if kill(1, "DELETE", "/walk"):  # it had not begun
            instance.ok("delete_environment", name="walk")
        assert world(instance) == before, seed


def steps_now(walk: KillWalk) -> list[str | None]:
    return [row["step"] for row in walk.server.environments()]


def settled(walk: KillWalk) -> bool:
    """Whether the environment is in no step any more."""
    return steps_now(walk) == [None]


def put(instance: Instance, text: str) -> None:
    """Write a text into database, filestore and checkout."""
    plan = plan_of(instance, "walk")
    with signed_in(plan) as tenant:
        tenant.execute("SET synchronous_commit = on")
        tenant.execute(PUT, [text])
    (upper(instance) / "walk").write_text(text)
    (plan.checkout / "walk").write_text(text)


def read(instance: Instance) -> set[str]:
    plan = plan_of(instance, "walk")
    with signed_in(plan) as tenant:
        row = tenant.execute("SELECT value FROM ir_config_parameter WHERE key = 'walk'").fetchone()
    assert row is not None
    return {row[0], (upper(instance) / "walk").read_text(), (plan.checkout / "walk").read_text()}


def upper(instance: Instance) -> Path:
    deps = instance.services.deps
    return deps.engine.volumes.mountpoint(plan_of(instance, "walk").layers) / "current" / "upper"


def steps(instance: Instance) -> tuple[list[str], list[str]]:
    """Name the steps of a snapshot and of a rollback."""
    deps, row = instance.services.deps, environment(team="blue", id="walkwalkwalk")
    call = Call(instance.actor(), Origin("cli"))
    kept = new_snapshot(deps.store.snapshots, call, row, "x")
    taking, back = (
        SnapshotCreation(deps, row, kept, call),
        Rollback(deps, row, kept, replace(kept), call),
    )
    return [step.name for step in taking.steps()], [step.name for step in back.steps()]
