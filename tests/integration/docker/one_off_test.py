import threading
import time
from dataclasses import replace

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.one_off import KEPT_LINES
from oduflow.domain.container import ContainerSpec, Mount
from oduflow.domain.errors import Cancelled, Invalid, UpstreamFailed
from oduflow.domain.progress_monitor import ProgressMonitor


def test_lines_come_while_it_runs_and_on_the_callers_thread(
    containers: Containers, shell: ContainerSpec
) -> None:
    seen: list[tuple[str, float, int]] = []
    spec = replace(shell, command=("echo first; sleep 1; echo second; exit 3",))
    result = containers.run_one_off(
        spec,
        timeout=30,
        monitor=ProgressMonitor(
            lambda line: seen.append((line, time.monotonic(), threading.get_ident()))
        ),
    )
    assert (result.exit_code, result.output) == (3, "first\nsecond")
    assert [line for line, _, _ in seen] == ["first", "second"]
    assert seen[1][1] - seen[0][1] > 0.5
    assert {thread for _, _, thread in seen} == {threading.get_ident()}
    assert containers.facts(shell.name) is None


def test_only_the_last_lines_are_kept(containers: Containers, shell: ContainerSpec) -> None:
    result = containers.run_one_off(replace(shell, command=("seq 3000",)), timeout=30)
    lines = result.output.split("\n")
    assert len(lines) == KEPT_LINES
    assert lines[-1] == "3000"


def test_a_one_off_past_its_deadline_is_killed_and_its_last_lines_reported(
    containers: Containers, shell: ContainerSpec
) -> None:
    spec = replace(shell, command=("trap '' TERM; echo busy; sleep 60",))
    with pytest.raises(UpstreamFailed, match="within 5 s") as caught:
        containers.run_one_off(spec, timeout=5)
    assert caught.value.output == "busy"
    assert containers.facts(shell.name) is None


def test_a_one_off_that_never_stops_writing_is_killed_too(
    containers: Containers, shell: ContainerSpec
) -> None:
    with pytest.raises(UpstreamFailed):
        containers.run_one_off(replace(shell, command=("yes",)), timeout=1)
    assert containers.facts(shell.name) is None


def test_a_cancelled_one_off_stops_within_a_second(
    containers: Containers, shell: ContainerSpec
) -> None:
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 3

    with pytest.raises(Cancelled):
        containers.run_one_off(
            replace(shell, command=("yes",)),
            timeout=60,
            monitor=ProgressMonitor(cancelled=cancelled),
        )
    assert asked[-1] - asked[0] > 0.5
    assert containers.facts(shell.name) is None


def test_a_listener_that_fails_ends_the_run(containers: Containers, shell: ContainerSpec) -> None:
    def refuse(line: str) -> None:
        raise Invalid(line)

    with pytest.raises(Invalid, match="hello"):
        containers.run_one_off(
            replace(shell, command=("echo hello; sleep 60",)),
            timeout=60,
            monitor=ProgressMonitor(refuse),
        )
    assert containers.facts(shell.name) is None


def test_a_one_off_without_its_program_is_reported(
    containers: Containers, shell: ContainerSpec
) -> None:
    result = containers.run_one_off(replace(shell, entrypoint=("/no/such/program",)), timeout=10)
    assert result.exit_code == 127
    assert "No such file or directory" in result.output


def test_a_one_off_that_cannot_start_leaves_no_container(
    containers: Containers, shell: ContainerSpec
) -> None:
    spec = replace(shell, mounts=(Mount("bind", "/etc/passwd/below-a-file", "/tmp"),))  # noqa: S108
    began = time.monotonic()
    with pytest.raises(UpstreamFailed):
        containers.run_one_off(spec, timeout=10)
    assert time.monotonic() - began < 5
    assert containers.facts(shell.name) is None


def test_no_thread_is_left_behind(containers: Containers, shell: ContainerSpec) -> None:
    before = set(threading.enumerate())
    for command in ("yes", "sleep 60", "exit 0"):
        try:
            containers.run_one_off(replace(shell, command=(command,)), timeout=0.5)
        except UpstreamFailed:
            continue
    # A thread of an earlier test may end meanwhile, so only new ones count.
    assert set(threading.enumerate()) <= before
