"""Extra repos against a real git server: fetched once, checked out once, pinned."""

import os
import threading
from dataclasses import replace
from typing import Any

import pytest

from oduflow.domain.errors import (
    Busy,
    Cancelled,
    Conflict,
    Invalid,
    NotFound,
    QuotaReached,
    UpstreamFailed,
)
from oduflow.domain.extra_repo import AddExtraRepo, ExtraRepoState
from oduflow.kernel.locks import LockKey
from oduflow.services.extra_repos import checkouts as extra_checkouts
from oduflow.services.extra_repos.delete import remove_extra_repo
from oduflow.services.extra_repos.recover import ExtraRepoRecovery
from tests.support.extra_world import MODULE, ExtraWorld
from tests.support.git_server import Link, Submodule


def test_adding_fetches_the_default_branch_without_its_history(world):
    url = world.publish()
    world.publish(main={**MODULE, "README": "second"})
    shown = world.add(url)
    assert (shown.branch, shown.commit) == ("main", world.server.commit("web", "main"))
    assert (shown.state, shown.environments) == ("ready", ())
    assert (world.plan().git_dir / "shallow").read_text().strip() == shown.commit
    assert (world.plan().folder.stat().st_mode & 0o777) == 0o700


def test_the_same_again_answers_the_one_there_is_and_asks_no_server(world):
    url = world.publish()
    first = world.add(url)
    asked = len(world.server.requests)
    assert world.add(url) == world.add(url, branch="main") == first
    assert len(world.server.requests) == asked


def test_other_arguments_are_a_conflict_that_says_what_differs(world):
    url = world.publish()
    world.add(url)
    with pytest.raises(Conflict) as refused:
        world.add(world.publish("other"), branch="dev")
    assert f"repo_url is {url}, not " in refused.value.message
    assert "branch is main, not dev" in refused.value.message


def test_a_failed_addition_leaves_nothing(world):
    world.publish()
    for url, branch in (("public/none.git", None), ("public/web.git", "absent")):
        with pytest.raises(NotFound):
            world.add(world.server.url(url), branch=branch)
    assert world.deps.store.extra_repos.all() == ()
    assert not list(world.naming.extra_repos_folder("1").glob("*"))


def test_a_missing_branch_says_which_was_meant(world):
    world.publish(**{"19_0": MODULE, "main": MODULE})
    with pytest.raises(NotFound) as refused:
        world.add(world.server.url("public/web.git"), branch="19.1")
    assert "19.0" in refused.value.hint


def test_a_cancelled_addition_leaves_nothing(world):
    world.cancelled = True
    with pytest.raises(Cancelled):
        world.add(world.publish(), branch="main")
    assert world.deps.store.extra_repos.all() == ()


def test_a_huge_one_is_stopped_at_the_quota_and_leaves_nothing(world):
    world.limited(repository_bytes=4_000_000)
    with pytest.raises(QuotaReached):
        world.add(world.publish(main={**MODULE, "blob": os.urandom(6_000_000)}))
    assert world.deps.store.extra_repos.all() == ()
    assert not list(world.naming.extra_repos_folder("1").glob("*"))


def test_environments_at_one_commit_share_one_checkout_fetched_once(world):
    world.add(world.publish())
    asked = len(world.server.requests)
    one, two = world.environment("one", "web"), world.environment("two", "web@main")
    assert world.checkout(one) == world.checkout(two)
    assert (world.checkout(one) / "web_dark/__manifest__.py").read_text() == '{"name": "Dark"}'
    assert len(world.server.requests) == asked
    assert not (world.checkout(one) / ".git").exists()


def test_an_update_brings_new_commits_and_leaves_a_pinned_environment_alone(world):
    url = world.publish()
    old = world.add(url).commit
    one = world.environment("one", "web")
    world.publish(main={**MODULE, "web_new/__manifest__.py": "{}"})
    updated, warnings = world.update()
    new = world.server.commit("web", "main")
    assert (updated.branches, warnings) == ({"main": new}, ())
    assert world.deps.store.environments.by_id(one.id) == one
    assert one.extra_repos[0].commit == old
    assert not (world.checkout(one) / "web_new").exists()
    two = world.environment("two", "web")
    assert (world.checkout(two) / "web_new").exists()
    assert world.there() == sorted([old, new])


def test_another_branch_is_fetched_when_it_is_asked_for_and_updated_from_then_on(world):
    world.add(world.publish(main=MODULE, **{"18_0": MODULE}), branch="main")
    assert set(world.row().branches) == {"main"}
    world.environment("one", "web@18.0")
    world.publish(**{"18_0": {**MODULE, "x": "1"}})
    updated, _ = world.update()
    assert updated.branches == {
        branch: world.server.commit("web", branch) for branch in ("main", "18.0")
    }


def test_branches_that_could_not_be_side_by_side_as_files_are(world):
    world.add(world.publish(main=MODULE, fix=MODULE), branch="fix")
    world.server.forget("web", "fix")
    world.publish(**{"fix/deep": MODULE})
    world.environment("one", "web@fix/deep")
    assert set(world.row().branches) == {"fix", "fix/deep"}


def test_a_missing_branch_of_a_known_one_is_refused_and_nothing_is_pinned(world):
    world.add(world.publish())
    row = world.reserve("one", "web@mian")
    with pytest.raises(NotFound) as refused:
        extra_checkouts.check_out_extra_repos(world.deps, world.call(), row, world.lines.append)
    assert "main" in refused.value.hint
    assert world.deps.store.environments.by_id(row.id).extra_repos[0].commit == ""


def test_a_branch_that_is_gone_keeps_its_last_commit_and_is_told(world):
    url = world.publish(main=MODULE, dev=MODULE)
    world.add(url)
    world.environment("one", "web@dev")
    before = world.row().branches["dev"]
    world.server.forget("web", "dev")
    world.publish(main={**MODULE, "x": "1"})
    updated, warnings = world.update()
    assert updated.branches == {"main": world.server.commit("web", "main"), "dev": before}
    assert "Its last commit is kept." in warnings[0]
    assert updated.step == ""


def test_an_update_that_fails_changes_nothing_and_what_is_there_stays_good(world):
    world.add(world.publish())
    before = world.row()
    (world.server.root / "web.git").rename(world.server.root / "away.git")
    with pytest.raises(NotFound):
        world.update()
    assert world.row() == before
    world.environment("one", "web")


def test_an_update_forgets_commits_that_no_branch_is_at(world):
    world.add(world.publish(main={**MODULE, "blob": os.urandom(400_000)}))
    old = world.row().branches["main"]
    world.publish(main=MODULE)
    world.update()
    copy = world.deps.git.repositories.copy(world.plan().git_dir)
    assert copy.holds(world.row().branches["main"])
    assert not copy.holds(old)


def test_links_and_submodules_in_it_lead_nowhere(world):
    hostile = {
        "addons": Link("/etc"),
        "linked/__manifest__.py": Link("/etc/shadow"),
        "up": Link("../git"),
        "sub": Submodule(),
    }
    world.add(world.publish(main={**MODULE, **hostile}))
    row = world.environment("one", "web")
    assert (world.checkout(row) / "addons").is_symlink()
    assert list((world.checkout(row) / "sub").iterdir()) == []


def test_a_checkout_is_readable_for_others_and_its_parents_are_not(world):
    world.add(world.publish())
    before = os.umask(0o077)
    try:
        checkout = world.checkout(world.environment("one", "web"))
    finally:
        os.umask(before)
    assert checkout.stat().st_mode & 0o777 == 0o755
    assert (checkout / "web_dark/__init__.py").stat().st_mode & 0o777 == 0o644
    assert checkout.parent.stat().st_mode & 0o777 == 0o700


def test_an_unknown_one_is_refused_with_those_there_are(world):
    with pytest.raises(Invalid, match="no extra repo “web”") as refused:
        world.reserve("one", "web")
    assert [step.as_call() for step in refused.value.next] == ["add_extra_repo name=web"]
    world.add(world.publish("other"), name="other")
    with pytest.raises(Invalid) as refused:
        world.reserve("one", "web")
    assert refused.value.hint == "Extra repos: other."


def test_another_teams_is_not_there_and_a_forged_pin_mounts_nothing(world):
    world.add(world.publish())
    with pytest.raises(Invalid, match="no extra repo “web”"):
        world.reserve("theirs", "web", team="2")
    stolen = extra_checkouts.choose_pins(world.deps.store.extra_repos, "1", ("web",))
    row = world.reserve("theirs", team="2")
    row = world.deps.store.environments.update(row.id, extra_repos=stolen)
    with pytest.raises(Conflict, match="was deleted"):
        extra_checkouts.check_out_extra_repos(world.deps, world.call("2"), row, world.lines.append)
    assert world.there() == []
    assert world.checkout(row).is_relative_to(world.naming.team_folder("2"))


def test_two_teams_have_a_copy_each(world):
    url = world.publish()
    world.add(url)
    world.add(url, team="2")
    assert world.plan(team="1").folder.parent != world.plan(team="2").folder.parent


def test_deleting_one_in_use_is_refused_and_names_who_uses_it(world):
    world.add(world.publish())
    one, two = world.environment("one", "web"), world.environment("two", "web")
    with pytest.raises(Conflict, match=r"web is in use by one, two\."):
        remove_extra_repo(world.deps, world.call(), world.row())
    assert world.checkout(one).is_dir()
    world.forget(one)
    assert world.checkout(two).is_dir()
    world.forget(two)
    assert world.there() == []
    remove_extra_repo(world.deps, world.call(), world.row())
    assert world.deps.store.extra_repos.all() == ()
    assert not list(world.naming.extra_repos_folder("1").glob("*"))


def test_moving_pins_the_newest_commit_and_lets_go_of_the_old(world):
    world.add(world.publish())
    one = world.environment("one", "web")
    world.publish(main={**MODULE, "extra/deep/__manifest__.py": "{}"})
    world.update()
    same = extra_checkouts.check_out_extra_repos(world.deps, world.call(), one, world.lines.append)
    assert same == one
    moved = extra_checkouts.clear_pinned_commits(world.deps.store.environments, one)
    moved = extra_checkouts.check_out_extra_repos(
        world.deps, world.call(), moved, world.lines.append
    )
    assert moved.extra_repos[0].commit == world.server.commit("web", "main")
    settle(world)
    assert world.there() == [moved.extra_repos[0].commit]


def test_who_comes_while_it_is_worked_on_waits_and_is_told_why(world):
    world.add(world.publish())
    row = world.reserve("one", "web")
    with world.deps.work.locks.acquire(LockKey.extra_repo("1", "web"), "update_extra_repo by ada"):
        give = (world.deps, world.call(), row, world.lines.append)
        waiting = threading.Thread(target=extra_checkouts.check_out_extra_repos, args=give)
        waiting.start()
        waiting.join(1.5)
        assert waiting.is_alive()
    waiting.join(20)
    assert any("update_extra_repo by ada" in line for line in world.lines)
    assert world.deps.store.environments.by_id(row.id).extra_repos[0].commit


def test_many_that_come_at_once_check_out_once(world):
    world.add(world.publish())
    rows = [world.reserve(f"e{number}", "web") for number in range(6)]
    give = [(world.deps, world.call(), row, world.lines.append) for row in rows]
    threads = [
        threading.Thread(target=extra_checkouts.check_out_extra_repos, args=each) for each in give
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.there() == [world.row().branches["main"]]
    pins = {world.deps.store.environments.by_id(row.id).extra_repos[0].commit for row in rows}
    assert pins == set(world.there())


def test_what_a_kill_left_of_a_checkout_is_swept_and_nothing_else(world):
    world.add(world.publish())
    used = world.environment("one", "web")
    folder = world.plan().folder
    commit = used.extra_repos[0].commit
    for name in (f".new-{commit}", f".gone-{'b' * 40}", "d" * 40, "not-ours"):
        (folder / name / "deep").mkdir(parents=True)
    assert unsettled(world)
    settle(world)
    assert world.there() == sorted([commit, "not-ours"])
    assert not unsettled(world)


@pytest.mark.parametrize("state", [ExtraRepoState.CREATING, ExtraRepoState.DELETING])
def test_an_extra_repo_left_half_added_is_removed_and_can_be_added_again(world, state):
    url = world.publish()
    world.add(url)
    world.deps.store.extra_repos.update(world.row().id, state=state)
    assert unsettled(world)
    with pytest.raises(Invalid, match="no extra repo"):
        world.reserve("one", "web")
    if state is ExtraRepoState.DELETING:
        assert world.add(url).state == "ready"  # the next holder of the lock finishes it first
    else:
        settle(world)
        assert world.deps.store.extra_repos.all() == ()
        assert not list(world.naming.extra_repos_folder("1").glob("*"))


def test_a_fetch_that_was_killed_is_made_anew(world):
    world.add(world.publish())
    git_dir = world.plan().git_dir
    (git_dir / "unfinished").touch()
    (git_dir / "shallow.lock").touch()
    row = world.environment("one", "web")
    assert (world.checkout(row) / "web_dark").is_dir()
    assert not (git_dir / "shallow.lock").exists()


def test_a_damaged_copy_is_fetched_anew_at_the_second_try(world):
    world.add(world.publish())
    for file in world.plan().git_dir.glob("objects/**/*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"")
    row = world.reserve("one", "web")
    give = (world.deps, world.call(), row, world.lines.append)
    try:
        extra_checkouts.check_out_extra_repos(*give)
    except NotFound:
        extra_checkouts.check_out_extra_repos(*give)
    assert (world.checkout(world.deps.store.environments.by_id(row.id)) / "web_dark").is_dir()


def test_when_the_store_is_lost_a_folder_tells_what_it_is(world):
    world.add(world.publish())
    row = world.row()
    world.deps.store.extra_repos.remove(row.id)
    (stray,) = recovery(world).strays(frozenset())
    assert stray.leftover.name == f"team_1/extra/{row.id}"
    assert stray.adopt is not None
    stray.adopt()
    told = world.row()
    assert replace(told, created_at=row.created_at, fetched_at=row.fetched_at) == row


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"team": "1"', '"team": "2"'),
        ('"id": "', '"id": "../'),
        ('{"main": "', '{"main": "../'),
        ("{", ""),
    ],
)
def test_a_folder_that_tells_something_else_is_left_alone_and_told(world, before, after):
    world.add(world.publish())
    about = world.plan().about
    world.deps.store.extra_repos.remove(world.row().id)
    about.write_text(about.read_text().replace(before, after, 1))
    (stray,) = recovery(world).strays(frozenset())
    assert stray.adopt is None
    assert about.exists()


def test_a_description_that_is_a_link_is_not_followed(world, tmp_path):
    world.add(world.publish())
    about = world.plan().about
    elsewhere = about.rename(tmp_path / "elsewhere")
    about.symlink_to(elsewhere)
    world.deps.store.extra_repos.remove(world.row().id)
    assert [stray.adopt for stray in recovery(world).strays(frozenset())] == [None]


def test_a_url_with_a_password_is_refused_before_anything(world):
    with pytest.raises(Invalid) as refused:
        world.add("https://user:s3cret@example.com/x.git")
    assert "s3cret" not in f"{refused.value.message}{refused.value.hint}"
    assert world.deps.store.extra_repos.all() == ()


def test_a_host_that_wants_a_credential_is_named(world):
    world.publish()
    with pytest.raises(UpstreamFailed, match="requires a credential"):
        world.add(world.server.url("private/web.git"), branch="main")


def test_a_release_leaves_what_another_call_works_on_to_the_reconciler(world):
    world.add(world.publish())
    row = world.environment("one", "web")
    with world.deps.work.locks.acquire(LockKey.extra_repo("1", "web"), "update_extra_repo"):
        with pytest.raises(Busy):
            world.deps.work.locks.acquire(LockKey.extra_repo("1", "web"), "another")
        world.forget(row)
    assert world.there() == [row.extra_repos[0].commit]
    settle(world)
    assert world.there() == []


def test_the_arguments_of_adding_are_slugged():
    assert AddExtraRepo(name="OCA Web", repo_url="https://example.com/x").name == "oca-web"


def recovery(world) -> ExtraRepoRecovery:
    return ExtraRepoRecovery(world.deps)


def unsettled(world) -> bool:
    return any(recovery(world).unsettled(revive=frozenset()))


def settle(world) -> None:
    """Do what the reconcile loop does, without its lock, also to a row that is settled."""
    held: Any = None
    recovery(world)._settle(world.row().id, held)


@pytest.fixture
def world(server, tmp_path):
    made = ExtraWorld(tmp_path / "data", server)
    yield made
    made.store.close()
