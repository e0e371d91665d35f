"""The snapshots on the page of an environment, and the pages that ask before each action."""

import pytest

from oduflow.domain.storage import DiskView
from tests.support.dashboard_world import post, show
from tests.support.snapshot_rows import snapshot_view


@pytest.fixture
def kept(ledger):
    ledger.add("demo")
    ledger.snapshots = [
        snapshot_view(
            "clean", disk=DiskView(own=3 << 20, shared=1 << 30, measured_at="2026-03-04")
        ),
        snapshot_view("before-rebuild-1", automatic=True, reason="rebuild_environment"),
        snapshot_view("half", state="creating"),
        snapshot_view("foreign", environment="other"),
    ]


def section(world):
    page = show(world, "/environments/demo")
    return next(each for each in page.all("section") if each.get("aria-labelledby") == "snapshots")


def test_a_page_lists_its_environments_snapshots_with_what_can_be_done(world, kept):
    found = section(world)

    assert "clean" in found.text
    assert "before rebuild_environment, removed automatically" in found.text
    assert "foreign" not in found.text
    assert found.text.count("3 MiB + 1.0 GiB shared") == 1
    links = {link["href"] for link in found.all("a")}
    assert links == {
        "/environments/demo/create-snapshot",
        *(
            f"/environments/demo/{action}?snapshot={name}"
            for action in ("rollback", "delete-snapshot")
            for name in ("clean", "before-rebuild-1")
        ),
    }


def test_without_snapshots_it_says_what_they_are_for(world, ledger):
    ledger.add("demo")

    assert "keeps the database, filestore, commit and edits" in section(world).text


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_an_environment_that_is_being_made_or_removed_has_none(world, ledger, state):
    ledger.add("demo", state=state, url=None)
    page = show(world, "/environments/demo")

    assert "snapshots" not in {each.get("aria-labelledby") for each in page.all("section")}


@pytest.mark.parametrize("action", ["rollback", "delete-snapshot"])
def test_a_page_asks_with_the_snapshots_name_filled_in(world, kept, action):
    page = show(world, f"/environments/demo/{action}?snapshot=clean")

    assert page.one("input", name="snapshot")["value"] == "clean"


@pytest.mark.parametrize("action", ["create-snapshot", "rollback", "delete-snapshot"])
def test_each_begins_a_job_and_returns_to_the_environment(world, kept, action):
    answer = post(world, f"/environments/demo/{action}", snapshot="clean")

    [job] = world.job_rows.rows
    assert answer.headers["Location"] == f"/environments/demo?job={job}"
