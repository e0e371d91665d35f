import threading

import pytest

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Cancelled, UpstreamFailed
from oduflow.kernel.call import Call, Origin
from oduflow.services import branches
from tests.support.memory.odoo import module


@pytest.fixture(autouse=True)
def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every result is too old to be shown without asking again."""
    monkeypatch.setattr(branches, "FRESH", -branches.FRESH)


@pytest.fixture
def sale(process, sale):
    process.ok("create_environment", **sale)
    return sale


def push(world, **files: str) -> str:
    world.git.repository("addons", {"main": module("sale", **files)})
    return str(world.git.commit("addons", "main"))


def test_an_environment_at_its_branchs_newest_commit_has_not_moved(process, sale):
    shown = process.call("get_environment", name="sale")

    assert (shown.data.moved, shown.data.behind) == (False, 0)
    assert shown.data.branch_checked_at
    assert shown.warnings == ()


def test_pushed_commits_are_counted_and_it_is_told_how_to_follow(world, process, sale):
    push(world, a="1")
    push(world, a="2")

    for tool in ("get_environment", "rebuild_environment", "create_environment"):
        arguments = sale if tool == "create_environment" else {"name": "sale"}
        shown = process.call(tool, **arguments)

        assert (shown.data.moved, shown.data.behind) == (True, 2)
        [warning] = shown.warnings
        assert "Branch main moved on by 2 commits" in warning
        assert "pull_and_apply" in {each.operation for each in shown.next}


def test_after_a_force_push_the_number_is_null(world, process, sale):
    world.git.forget("addons", "main")
    push(world, a="1")

    shown = process.call("get_environment", name="sale")

    assert (shown.data.moved, shown.data.behind) == (True, None)
    assert "was rewritten" in shown.warnings[0]


def test_a_branch_that_is_gone_has_moved(world, process, sale):
    world.git.forget("addons", "main")

    shown = process.call("get_environment", name="sale")

    assert (shown.data.moved, shown.data.behind) == (True, None)
    assert "is gone" in shown.warnings[0]


def test_a_server_that_does_not_answer_leaves_the_last_result_and_is_not_asked_at_once_again(
    world, process, sale
):
    push(world, a="1")
    process.ok("get_environment", name="sale")
    process.faults.fail("git.resolve_branch", UpstreamFailed("No answer."))
    process.faults.calls.clear()

    for _ in range(3):
        shown = process.ok("get_environment", name="sale")
        assert (shown.moved, shown.behind) == (True, 1)

    assert "git.resolve_branch" not in process.faults.calls, "only the call that failed was made"


def test_a_slow_server_delays_no_call_and_its_answer_is_shown_by_the_next(
    world, process, sale, monkeypatch
):
    checks, [row] = process.deps.branches, process.deps.store.environments.list("1")
    may_answer = threading.Event()
    resolve = checks.repositories.resolve_branch

    def slow(*args: str, **kw: str) -> object:
        may_answer.wait(10)
        return resolve(*args, **kw)

    monkeypatch.setattr(checks.repositories, "resolve_branch", slow, raising=False)
    push(world, a="1")

    assert not checks.current(row, wait=0.01).moved
    may_answer.set()
    assert checks.current(row, wait=10).moved


def test_a_result_that_is_fresh_is_shown_without_asking(world, process, sale, monkeypatch):
    monkeypatch.undo()
    process.faults.calls.clear()
    push(world, a="1")

    assert not process.ok("get_environment", name="sale").moved
    assert "git.resolve_branch" not in process.faults.calls


def test_a_check_whose_thread_cannot_start_leaves_the_last_result_and_its_place(
    world, process, sale, monkeypatch
):
    checks, [row] = process.deps.branches, process.deps.store.environments.list("1")
    push(world, a="1")

    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        assert not checks.current(row, wait=1).moved
    checks._failed.clear()
    assert checks.current(row, wait=10).moved


def test_the_question_for_the_default_branch_ends_with_a_cancelled_job(world, process):
    url = world.git.repository("addons", {"main": module("sale")})
    actor, origin = Actor("1", ActorKind.CLI, "ada"), Origin("cli")
    cancelled = Call(actor, origin, "job", _cancel_requested=lambda: True)

    head = branches.default_head(process.deps.git.repositories, Call(actor, origin), url)
    assert (head.branch, head.commit) == ("main", world.git.commit("addons", "main"))
    with pytest.raises(Cancelled):
        branches.default_head(process.deps.git.repositories, cancelled, url)
