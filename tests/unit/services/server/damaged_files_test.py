"""A part of a team's file system is damaged while its root answers: no other team waits for it."""

import errno
import os
from pathlib import Path

import pytest

from oduflow.services.server.database import DatabaseServer
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE, RED

CONTAINER = "memory-env-1.sale"
DAMAGED = "2"


def test_files_of_one_team_that_cannot_be_read_hold_up_no_other_team(both, world, damaged, caplog):
    del world.engine.containers[CONTAINER]

    both.reconcile()

    [row] = both.deps.store.environments.list("1")
    assert row.state == "lost"
    told = [line for line in caplog.messages if line.startswith(f"team {DAMAGED}: ")]
    for what in ("scratch folders", "extra repos", "uploads"):
        assert any(what in line for line in told), caplog.messages
    assert all("Structure needs cleaning" in line for line in told)


def test_the_doctor_names_what_belongs_to_no_row_beside_files_that_cannot_be_read(both, damaged):
    (both.deps.work.uploads.folder("1")).mkdir(parents=True, exist_ok=True)
    (both.deps.work.uploads.folder("1") / "forgotten").write_text("content")

    found = both.doctor().leftovers()

    assert any("forgotten" in each.message for each in found)


def test_a_cluster_whose_files_cannot_be_read_is_a_finding_of_its_team(both, monkeypatch):
    cause = OSError(errno.EUCLEAN, os.strerror(errno.EUCLEAN))
    real = DatabaseServer._require_disk

    def fail(server):
        if server.team == DAMAGED:
            raise cause
        real(server)

    monkeypatch.setattr(DatabaseServer, "_require_disk", fail)
    both.reconcile()

    found = {each.part: each for each in both.doctor().databases()}

    assert "Structure needs cleaning" in found[f"database of {DAMAGED}"].message
    assert found["database of 1"].ok
    assert "Structure needs cleaning" in (both.deps.infrastructure.databases.problem(DAMAGED) or "")


@pytest.fixture
def both(world, process, sale):
    """A server of two teams, of which the first has an environment."""
    process.ok("create_environment", **sale)
    made = Process(world, teams=BLUE + RED)
    made.deps.infrastructure.ensure()
    return made


@pytest.fixture
def damaged(both, monkeypatch):
    """The folder of the second team, whose root alone can be read."""
    folder = both.deps.naming.team_folder(DAMAGED)
    for name in ("scratch/1.1-import-x", "extra_repos/one", "uploads/two"):
        (folder / name).mkdir(parents=True)
    for name in ("iterdir", "stat"):
        monkeypatch.setattr(Path, name, failing(getattr(Path, name), folder))
    return folder


def failing(real, folder):
    def call(path, *args, **kwargs):
        if folder in path.parents:
            raise OSError(errno.EUCLEAN, os.strerror(errno.EUCLEAN), str(path))
        return real(path, *args, **kwargs)

    return call
