from math import inf

import pytest

from oduflow.adapters.git.checkout_index import Author
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Kind, UpstreamFailed
from oduflow.services.branches import read_check
from oduflow.services.edits.push import GITHUB, author_of
from tests.support.memory.process import CALLER

ORDER = "sale/models/order.py"


def test_edits_are_pushed_to_a_branch_of_the_environments_own(world, process, row):
    edit(process)

    shown = process.call("commit_and_push", name="sale", message="Fix the order")

    made = world.git.commit("addons", "oduflow/sale")
    assert shown.data.model_dump() == {
        "branch": "oduflow/sale",
        "commit": made,
        "author": "cli:ada <cli.ada@oduflow.invalid>",
        "files": ({"path": ORDER, "kind": "changed"},),
        "left": 0,
    }
    assert shown.summary == f"1 file pushed to oduflow/sale as {made[:12]}."
    now = process.deps.store.environments.by_id(row.id)
    assert (now.commit, now.branch, now.requested_branch) == (made, "oduflow/sale", None)
    check = read_check(process.deps.naming, now)
    assert check is not None
    assert not check.moved
    assert process.ok("diff_edits", name="sale").files == ()
    assert world.git.commit("addons", "main") == row.commit


def test_a_second_push_goes_on_at_the_same_branch(world, process):
    edit(process)
    first = process.ok("commit_and_push", name="sale", message="One").commit
    edit(process, "2")

    second = process.ok("commit_and_push", name="sale", message="Two").commit

    assert world.git.commit("addons", "oduflow/sale") == second != first
    repository = world.git.repositories[world.git.url("public/addons.git")]
    assert repository.parents[second] == first


def test_a_named_branch_is_pushed_to_even_the_default_one(world, process):
    edit(process)

    made = process.ok("commit_and_push", name="sale", message="x", branch="refs/heads/main").commit

    assert world.git.commit("addons", "main") == made


def test_some_edits_are_committed_and_the_others_left(process):
    edit(process)
    process.ok("write_file", name="sale", path="new.py", content="x")

    shown = process.call("commit_and_push", name="sale", message="x", paths=["sale"])

    assert [each.path for each in shown.data.files] == [ORDER]
    assert shown.data.left == 1
    assert shown.summary.endswith("; edits in 1 file are left.")
    assert [each.path for each in process.ok("diff_edits", name="sale").files] == ["new.py"]


def test_the_default_branch_is_never_pushed_to_unless_it_is_named(world, process, row):
    edit(process)
    repository = world.git.repositories[world.git.url("public/addons.git")]
    repository.default = "oduflow/sale"

    error = process.refused("commit_and_push", name="sale", message="x")

    assert (error.kind, "oduflow/sale" in error.message) == (Kind.CONFLICT, True)
    assert "oduflow/sale" not in repository.branches
    assert process.deps.store.environments.by_id(row.id) == row


@pytest.mark.parametrize("branch", ["HEAD", "refs/tags/x", "a..b", "-x", "+main:main", "a b"])
def test_what_is_no_branch_is_refused(process, branch):
    edit(process)

    error = process.refused("commit_and_push", name="sale", message="x", branch=branch)

    assert error.kind is Kind.INVALID


def test_without_edits_nothing_is_pushed(process):
    error = process.refused("commit_and_push", name="sale", message="x")

    assert (error.kind, error.message) == (Kind.NOT_FOUND, "sale has no edits.")


def test_a_rejected_push_changes_nothing(world, process, row, checkout):
    edit(process)
    world.git.repository("addons", {"main": {"a": "newer"}})

    error = process.refused("commit_and_push", name="sale", message="x", branch="main")

    assert error.kind is Kind.CONFLICT
    assert process.deps.store.environments.by_id(row.id) == row
    assert [each.path for each in process.ok("diff_edits", name="sale").files] == [ORDER]
    process.ok("commit_and_push", name="sale", message="x")


@pytest.mark.parametrize("further", [False, True])
def test_a_push_that_arrived_before_the_process_died_is_finished_by_the_next_call(
    world, process, row, further
):
    edit(process)
    process.faults.fail("environments.update")
    process.refused("commit_and_push", name="sale", message="x")
    first = world.git.commit("addons", "oduflow/sale")
    assert process.deps.store.environments.by_id(row.id).commit == row.commit
    if further:
        edit(process, "2")

    shown = process.ok("commit_and_push", name="sale", message="y")

    made = world.git.commit("addons", "oduflow/sale")
    assert shown.commit == made
    assert (made != first) is further
    assert process.deps.store.environments.by_id(row.id).commit == made
    assert process.ok("diff_edits", name="sale").files == ()


def test_a_push_to_another_branch_is_no_success_when_only_a_cut_off_one_is_finished(
    world, process, row
):
    edit(process)
    process.faults.fail("environments.update")
    process.refused("commit_and_push", name="sale", message="x")

    error = process.refused("commit_and_push", name="sale", message="x", branch="other")

    assert error.kind is Kind.CONFLICT
    assert "were pushed to oduflow/sale by an earlier call" in error.message
    [found] = process.deps.store.environments.list("1")
    assert found.commit == world.git.commit("addons", "oduflow/sale")


def test_a_push_that_did_not_arrive_is_made_again(world, process, row):
    edit(process)
    process.faults.fail("git.push")

    error = process.refused("commit_and_push", name="sale", message="x")

    assert error.kind is UpstreamFailed.kind
    made = process.ok("commit_and_push", name="sale", message="x").commit
    assert world.git.commit("addons", "oduflow/sale") == made


@pytest.mark.parametrize(
    ("actor", "author"),
    [
        (
            Actor("1", ActorKind.OAUTH, "octocat", subject_id="583231"),
            Author("octocat", "583231+octocat@users.noreply.github.com"),
        ),
        (Actor("1", ActorKind.TOKEN, "x"), Author("token:x", "token.x@oduflow.invalid")),
        (
            Actor("1", ActorKind.CLI, 'é <a@b>\n"\\'),
            Author("cli:é a@b", "cli...a.b@oduflow.invalid"),
        ),
    ],
)
def test_the_author_is_the_actor(actor, author):
    assert author_of(actor, GITHUB) == author


def test_a_person_of_another_github_has_no_address_of_github_com():
    actor = Actor("1", ActorKind.OAUTH, "octocat", subject_id="583231")

    assert author_of(actor, "https://git.example.com").email == "octocat@oduflow.invalid"


def edit(process, number="1"):
    page = process.ok("read_file", name="sale", path=ORDER, limit=1)
    process.ok("write_file", name="sale", path=ORDER, old=page.text, new=f"a = {number * 3}")


@pytest.mark.parametrize("branch", ["main", "oduflow/other"])
def test_who_may_see_one_environment_pushes_to_its_own_branch_alone(process, row, branch):
    edit(process)
    actor = Actor("1", ActorKind.TOKEN, "ci", environments=frozenset({row.id}))

    def push(**more):
        raw = {"name": "sale", "message": "x", **more}
        return process.runner.call("commit_and_push", raw, actor, CALLER, wait=inf)

    assert push(branch=branch).error.kind is Kind.FORBIDDEN
    assert push().data.branch == "oduflow/sale"
