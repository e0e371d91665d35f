import threading
from dataclasses import replace

import pytest

from oduflow.adapters.store import Environments, ExtraRepos, Templates
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.extra_repo import ExtraRepoState
from tests.support.store_rows import environment, extra_repo, pin, template


def test_a_row_comes_back_as_it_went_in(extra_repos):
    row = extra_repo(branches={"a/b": "c" * 40, "19.0": "d" * 64}, step="fetch", job="b" * 12)

    extra_repos.add(row)

    assert extra_repos.get("1", "enterprise") == row
    assert extra_repos.by_id(row.id) == row
    assert extra_repos.get("2", "enterprise") is None


def test_a_name_is_given_once_a_team(extra_repos):
    extra_repos.add(extra_repo())

    with pytest.raises(Conflict, match="extra repo “enterprise” already"):
        extra_repos.add(extra_repo(id="b" * 12))

    extra_repos.add(extra_repo(id="d" * 12, team="2"))


def test_what_is_for_life_does_not_change(extra_repos):
    extra_repos.add(extra_repo())

    assert extra_repos.update("a" * 12, branches={"19.0": "e" * 40}).branches["19.0"] == "e" * 40
    with pytest.raises(TypeError, match="repo_url"):
        extra_repos.update("a" * 12, repo_url="https://evil.example/x.git")
    with pytest.raises(NotFound, match="extra repo no longer exists"):
        extra_repos.update("gone", step="x")


@pytest.mark.parametrize("state", list(EnvironmentState))
def test_an_extra_repo_in_use_is_not_retired_in_any_state_of_its_environments(
    extra_repos, environments, state
):
    row = extra_repo()
    extra_repos.add(row)
    environments.add(environment(name="other", id="other"))
    environments.add(environment(state=state, extra_repos=(pin(commit=""),)))

    with pytest.raises(Conflict, match=r"in use by sale\."):
        extra_repos.retire(row)

    assert extra_repos.by_id(row.id) == row
    assert environments.using_extra_repo("1", row.id) == ("sale",)


def test_an_unused_extra_repo_is_retired(extra_repos):
    row = extra_repo()
    extra_repos.add(row)

    extra_repos.retire(row)

    assert extra_repos.by_id(row.id) == replace(row, state=ExtraRepoState.DELETING)


@pytest.mark.parametrize(
    "there",
    [
        [],
        [extra_repo(state=ExtraRepoState.DELETING)],
        [extra_repo(state=ExtraRepoState.CREATING)],
        [extra_repo(team="2")],
    ],
)
def test_an_environment_cannot_name_one_that_is_not_its_teams_or_not_ready(
    extra_repos, environments, there
):
    for row in there:
        extra_repos.add(row)

    with pytest.raises(Conflict, match="enterprise was deleted meanwhile"):
        environments.add(environment(extra_repos=(pin(),)))

    assert environments.all() == ()


def test_of_a_deletion_and_a_creation_at_one_moment_exactly_one_wins(extra_repos, environments):
    for attempt in range(10):
        row = extra_repo(id=f"aaaaaaaaaaa{'abcdefghij'[attempt]}", name=f"r{attempt}")
        extra_repos.add(row)
        wanted = environment(name=f"e{attempt}", id=f"e{attempt}", extra_repos=(pin(repo=row.id),))
        won: list[str] = []
        ready = threading.Barrier(2)

        def act(name, work, ready=ready, won=won):
            ready.wait()
            try:
                work()
            except Conflict:
                return
            won.append(name)

        threads = [
            threading.Thread(target=act, args=("delete", lambda row=row: extra_repos.retire(row))),
            threading.Thread(
                target=act, args=("create", lambda wanted=wanted: environments.add(wanted))
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1


def test_pins_of_an_environment_come_back_as_they_went_in(extra_repos, environments):
    extra_repos.add(extra_repo())
    row = environment(extra_repos=(pin(commit=""),))
    environments.add(row)

    assert environments.by_id(row.id) == row
    assert environments.update(row.id, extra_repos=(pin(),)).extra_repos == (pin(),)


@pytest.fixture
def extra_repos(store):
    return ExtraRepos(store)


@pytest.fixture
def environments(store):
    Templates(store).add(template())
    return Environments(store)
