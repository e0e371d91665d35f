"""Kill the real server at every step of a test run: its clone goes, and the environment serves."""

from pathlib import Path
from typing import Any

import pytest

from oduflow.domain.clock import now
from oduflow.domain.outcome import Status
from oduflow.domain.test_choice import ChosenTests
from oduflow.domain.test_run import TestRun
from oduflow.kernel.call import Call, Origin
from oduflow.services.browser_image import BrowserImage
from oduflow.services.test_runs.running import TESTS, RunningTests
from tests.support.git_server import GitServer
from tests.support.instances import Instance, world
from tests.support.kill_walk import KillWalk, points
from tests.support.server import serves
from tests.support.store_rows import environment
from tests.support.tested_module import FILES, HANGS
from tests.support.variants import git_host, plan_of, variant

pytestmark = pytest.mark.timeout(1800)

PATH = "/api/environments/walk/tests"
SOUND: dict[str, Any] = {"json": {"modules": ["sound"]}}


def test_a_test_run_that_was_killed_at_any_step_leaves_nothing_and_its_environment_serves(
    instance: Instance, tmp_path: Path
) -> None:
    with GitServer(tmp_path) as git, variant(instance, git_host(git.authority)) as product:
        url = git.repository("walk", {"main": FILES})
        wanted = {"name": "walk", "repo_url": url, "modules": ["sound"]}
        made = product.ok("create_environment", **wanted)
        plan, before = plan_of(product, "walk"), world(product)

        def is_clean() -> bool:
            layers = product.services.deps.engine.volumes.mountpoint(plan.layers)
            left = (plan.tests_folder, layers / "tests", *layers.glob("snapshots/*"))
            return world(product) == before and not any(each.exists() for each in left)

        with KillWalk(product) as walk:
            for point in points(TESTS, steps(product)):
                walk.kill_at(point, "POST", PATH, **SOUND)
                walk.eventually(lambda: serves(made["url"]), point)
                walk.eventually(is_clean, point)
            (plan.checkout / "sound/tests/test_sound.py").write_text(HANGS)
            walk.kill_during(TESTS, 15.0, "POST", PATH, **SOUND)
            walk.eventually(is_clean, "while tests run")
        statuses = {each["status"] for each in runs(product)}
        assert statuses == {Status.INTERRUPTED}
        (plan.checkout / "sound/tests/test_sound.py").write_text(FILES["sound/tests/test_sound.py"])
        assert product.ok("run_tests", name="walk", modules=["sound"])["counts"]["passed"] == 2
        product.ok("delete_environment", name="walk")


def steps(instance: Instance) -> list[str]:
    """Name the steps of a test run."""
    deps, row = instance.services.deps, environment(team="blue", id="walkwalkwalk")
    run = TestRun(
        id="abcdefgh2345",
        environment=row.id,
        team="blue",
        status=Status.RUNNING,
        modules=(),
        tags="",
        failed_of="",
        commit="",
        created_by="",
        created_at=now(),
        job="",
    )
    work = RunningTests(
        deps=deps,
        call=Call(instance.actor(), Origin("cli")),
        row=row,
        image=BrowserImage(deps.engine.images.facts(row.odoo_image)),
        run=run,
        chosen=ChosenTests(()),
        timeout=60,
    )
    return [step.name for step in work.steps()]


def runs(instance: Instance) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = instance.ok("list_test_runs", name="walk")["test_runs"]
    return found
