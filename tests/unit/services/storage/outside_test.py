from dataclasses import replace

import pytest

from oduflow.adapters.pool import pool as module
from oduflow.adapters.pool.pools import Pools
from oduflow.services.storage import outside as outside_module
from oduflow.services.storage.outside import clone_state, outside_pool
from oduflow.settings.sections import StorageSettings
from tests.support.memory.world import TEAM


@pytest.fixture
def state(process, tmp_path, monkeypatch):
    """Return how a team clones in a pool that came after its volumes."""
    monkeypatch.setattr(module, "has_reflinks", lambda _folder: True)

    def told(team="", **storage):
        rules = StorageSettings(**storage)
        naming = replace(process.deps.naming, data_dir=tmp_path)
        pools = Pools(naming, lambda: rules, lambda: {TEAM: 0})
        parts = process.deps.naming, process.deps.engine.volumes, pools
        return clone_state(*parts, team), outside_pool(*parts, team)

    return told


def test_a_team_whose_postgres_is_outside_the_pool_is_told_that_it_copies(state):
    told, outside = state(TEAM)
    assert not told.reflink
    assert told.text.startswith("copy: the team's PostgreSQL is outside the pool; reflink (")
    assert told.hint == "`oduflow storage move` moves them into the pool."
    assert [each.name.split("-")[1] for each in outside[TEAM]] == ["db", "tpl"]


def test_the_operator_is_told_how_much_is_outside(state):
    told, _outside = state()
    assert told.reflink
    assert told.text.endswith(
        "; outside the pool: 2 volumes, with the PostgreSQL of 1 team, whose databases are copied"
    )


def test_another_team_is_told_nothing_of_it(state):
    told, outside = state("another")
    assert (told.text.partition(" (")[0], told.hint, outside) == ("reflink", "", {})


def test_where_copying_was_chosen_nothing_is_outside(state):
    told, outside = state(TEAM, clone="copy")
    assert (told.text, outside) == ("copy: [storage] clone says so.", {})


def test_a_cluster_that_shares_blocks_goes_on_to_where_new_volumes_are_copied(state, monkeypatch):
    monkeypatch.setattr(outside_module, "has_reflinks", lambda _folder: True)

    told, _outside = state(TEAM, clone="copy")
    assert (told.reflink, told.text) == (
        True,
        "reflink: the team's PostgreSQL shares blocks; elsewhere copy: [storage] clone says so.",
    )
    told, _outside = state(clone="copy")
    assert (told.reflink, told.text) == (
        False,
        "copy: [storage] clone says so; the PostgreSQL of 1 team shares blocks",
    )
