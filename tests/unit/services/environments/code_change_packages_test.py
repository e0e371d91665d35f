"""When a change of code installs packages."""

from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.environments.code_change.prepare import with_packages
from oduflow.services.environments.python_deps import key_of
from tests.support.code_changes import BODY_CHANGED, make, push, row, write

PACKAGES = {"requirements.txt": "-r deps/prod.txt", "deps/prod.txt": "humanize"}


def test_a_key_that_other_things_than_the_repository_changed_installs_nothing(
    world, running, monkeypatch
):
    push(world, PACKAGES)
    running.ok("pull_and_apply", name="sale")
    key, runs = row(running).python_deps, len(world.odoo.pip_runs)
    rebuilt = "oduflow.services.environments.python_deps.key_of"
    monkeypatch.setattr(rebuilt, lambda image, files: f"{key_of(image, files)}rebuilt")
    push(world, {**PACKAGES, **BODY_CHANGED})

    told = running.ok("pull_and_apply", name="sale")

    assert told.actions == ("started Odoo again",)
    assert (row(running).python_deps, len(world.odoo.pip_runs)) == (key, runs)


def test_an_included_file_that_is_edited_is_told_with_its_name(world, running):
    push(world, PACKAGES)
    running.ok("pull_and_apply", name="sale")
    write(running, "deps/prod.txt", "arrow")

    told = running.ok("apply_changes", name="sale")

    assert [(each.path, each.need) for each in told.files] == [("deps/prod.txt", "packages")]
    assert told.actions == ("replaced the container",)


def test_a_file_behind_a_link_that_requirements_lead_through_is_read(world, running):
    push(world, {**PACKAGES, "sets/more.txt": "arrow"})
    running.ok("pull_and_apply", name="sale")
    checkout = EnvironmentPlan.of(running.deps.naming, row(running)).checkout
    (checkout / "deps/prod.txt").unlink()
    (checkout / "deps/prod.txt").symlink_to("../sets/more.txt")
    running.ok("apply_changes", name="sale")
    key = row(running).python_deps
    (checkout / "sets/more.txt").write_text("pytz")

    running.ok("apply_changes", name="sale")

    assert row(running).python_deps != key


def test_packages_of_an_edit_that_a_rebuild_installed_go_with_the_edit(world, running):
    push(world, PACKAGES)
    running.ok("pull_and_apply", name="sale")
    key = row(running).python_deps
    write(running, "deps/prod.txt", "arrow")
    running.ok("rebuild_environment", name="sale")
    assert row(running).python_deps != key
    running.ok("discard_edits", name="sale")

    running.ok("apply_changes", name="sale")

    assert row(running).python_deps == key


def test_a_link_that_changed_on_the_way_to_requirements_counts(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets/more.txt").write_text("arrow")
    (tmp_path / "middle.txt").symlink_to("sets/more.txt")
    (tmp_path / "requirements.txt").symlink_to("middle.txt")
    settings: Any = SimpleNamespace(images=SimpleNamespace(pip_index_url=""))
    names: Any = SimpleNamespace(checkout=tmp_path)

    needs = [
        with_packages(settings, names, ApplyPlan(), [path]).packages
        for path in ("middle.txt", "sets", "sets/more.txt", "sets/other.txt", "more.txt")
    ]

    assert needs == [True, True, True, False, False]


@pytest.fixture
def running(world, process):
    return make(world, process)
