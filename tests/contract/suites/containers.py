"""What every engine's containers do; needs `containers`, and `shell`, a container's description."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oduflow.adapters.docker.errors import ImageMissing, NameTaken
from oduflow.domain.clock import now
from oduflow.domain.container import Attachment, ExecSpec
from oduflow.domain.errors import Cancelled, Conflict, NotFound, UpstreamFailed
from oduflow.domain.progress_monitor import ProgressMonitor


class ContainersContract:
    """The lives of containers."""

    def test_a_container_goes_through_its_states(self, containers, shell):
        made = containers.create(shell)
        created = containers.facts(shell.name)
        containers.start(shell.name)
        containers.start(shell.name)
        running = containers.facts(made)
        containers.stop(shell.name, timeout=1)
        containers.stop(shell.name, timeout=1)
        stopped = containers.facts(shell.name)
        containers.remove(shell.name)
        containers.remove(shell.name)

        assert (created.id, created.name, created.status) == (made, shell.name, "created")
        assert (created.started_at, created.exit_code) == ("", 0)
        assert (running.status, running.started_at[-1]) == ("running", "Z")
        assert (stopped.status, stopped.exit_code) == ("exited", 143)
        assert containers.facts(shell.name) is None

    def test_a_container_is_paused_and_goes_on(self, containers, shell):
        containers.create(shell)
        containers.unpause(shell.name)
        containers.start(shell.name)
        for _ in range(2):
            containers.pause(shell.name)
        paused = containers.facts(shell.name).status
        for _ in range(2):
            containers.unpause(shell.name)
        running = containers.facts(shell.name).status
        containers.pause(shell.name)
        for _ in range(2):
            containers.kill(shell.name)
        killed = containers.facts(shell.name)
        containers.remove(shell.name)
        containers.unpause(shell.name)

        assert (paused, running) == ("paused", "running")
        assert (killed.status, killed.exit_code) == ("exited", 137)
        with pytest.raises(NotFound):
            containers.pause(shell.name)
        with pytest.raises(NotFound):
            containers.kill(shell.name)

    def test_a_container_is_told_to_hang_up(self, containers, shell, ended):
        containers.create(shell)
        created = containers.hang_up(shell.name)
        containers.start(shell.name)
        running = containers.hang_up(shell.name)
        after = ended(shell.name)
        stopped = containers.hang_up(shell.name)
        containers.remove(shell.name)

        assert (created, running, stopped) == (False, True, False)
        assert (after.status, after.exit_code) == ("exited", 129)
        with pytest.raises(NotFound):
            containers.hang_up(shell.name)

    def test_a_container_that_serves_nothing_has_no_connections(self, containers, shell):
        containers.create(shell)
        before = containers.connections(shell.name, 8069)
        containers.start(shell.name)
        running = containers.connections(shell.name, 8069)
        containers.kill(shell.name)
        containers.remove(shell.name)

        assert (before, running) == (frozenset(), frozenset())
        assert containers.connections(shell.name, 8069) == frozenset()

    def test_a_paused_container_gets_another_name(self, containers, shell):
        made = containers.create(shell)
        other = replace(shell, name=f"{shell.name}-other")
        containers.start(shell.name)
        containers.pause(shell.name)
        containers.rename(shell.name, other.name)
        renamed, before = containers.facts(other.name), containers.facts(shell.name)
        containers.create(shell)
        with pytest.raises(NameTaken):
            containers.rename(other.name, shell.name)
        containers.remove(shell.name)
        containers.remove(other.name)

        assert (renamed.id, renamed.status, before) == (made, "paused", None)
        with pytest.raises(NotFound):
            containers.rename(other.name, shell.name)

    def test_the_beginning_of_an_id_is_no_name(self, containers, shell):
        made = containers.create(shell)

        assert containers.facts(made[:12]) is None

        containers.remove(made)

    def test_a_running_container_is_removed_too(self, containers, shell):
        containers.create(shell)
        containers.start(shell.name)

        containers.remove(shell.name)

        assert containers.facts(shell.name) is None

    def test_a_name_is_given_once(self, containers, shell):
        containers.create(shell)

        with pytest.raises(NameTaken):
            containers.create(shell)

        containers.remove(shell.name)

    def test_a_container_shares_the_network_of_another_and_writes_nothing(self, containers, shell):
        containers.create(shell)
        containers.start(shell.name)
        beside = replace(shell, name=f"{shell.name}-b", network_of=shell.name, networks=())
        containers.create(replace(beside, hostname="", read_only=True))
        containers.start(beside.name)
        found = containers.facts(beside.name)
        for each in (beside, shell):
            containers.remove(each.name)

        assert (found.status, found.addresses) == ("running", {})

    def test_an_image_that_is_not_here_is_named_so(self, containers, shell):
        with pytest.raises(ImageMissing):
            containers.create(replace(shell, image="no-such-image:1"))

        assert containers.facts(shell.name) is None

    def test_a_missing_network_is_noticed_at_the_creation(self, containers, shell):
        with pytest.raises(NotFound):
            containers.create(replace(shell, networks=(Attachment("no-such-network"),)))

        assert containers.facts(shell.name) is None

    def test_what_is_not_there_cannot_be_used(self, containers):
        with pytest.raises(NotFound):
            containers.start("no-such-container")
        with pytest.raises(NotFound):
            containers.stop("no-such-container")
        with pytest.raises(NotFound):
            containers.logs("no-such-container")

    def test_a_list_has_those_that_carry_every_label(self, containers, shell, labels):
        mine, other = {**labels, "kind": "a"}, {**labels, "kind": "b"}
        containers.create(replace(shell, labels=mine))
        containers.create(replace(shell, name=f"{shell.name}-b", labels=other))

        def listed(**more):
            return {each.name for each in containers.list({**labels, **more})}

        assert {shell.name, f"{shell.name}-b"} <= listed()
        assert listed(kind="a") == {shell.name}
        assert {shell.name, f"{shell.name}-b"} <= listed(kind="")
        assert listed(absent="") == set()
        (found,) = containers.list({**labels, "kind": "a"})
        assert (found.labels, found.status, found.started_at) == (mine, "created", "")
        containers.remove(shell.name)
        containers.remove(f"{shell.name}-b")

    def test_a_program_that_ends_leaves_its_exit_code_and_log(self, containers, shell, ended):
        containers.create(replace(shell, command=("echo one; echo two; exit 7",)))
        containers.start(shell.name)

        found = ended(shell.name)

        assert (found.status, found.exit_code, found.addresses) == ("exited", 7, {})
        assert containers.logs(shell.name) == "one\ntwo\n"
        assert containers.logs(shell.name, tail=1) == "two\n"
        assert containers.logs(shell.name, since=now() + timedelta(minutes=1)) == ""
        containers.remove(shell.name)

    def test_a_one_off_answers_its_lines_and_exit_code_and_is_removed(self, containers, shell):
        told: list[str] = []

        result = containers.run_one_off(
            replace(shell, command=("echo one; echo two; exit 3",)),
            timeout=30,
            monitor=ProgressMonitor(told.append),
        )

        assert (result.exit_code, result.output, result.out_of_memory) == (3, "one\ntwo", False)
        assert told == ["one", "two"]
        assert containers.facts(shell.name) is None

    def test_a_one_off_that_does_not_end_is_stopped_and_removed(self, containers, shell):
        with pytest.raises(UpstreamFailed, match="did not end within 1 s"):
            containers.run_one_off(shell, timeout=1)

        assert containers.facts(shell.name) is None

    def test_a_one_off_that_is_called_off_is_removed(self, containers, shell):
        with pytest.raises(Cancelled):
            containers.run_one_off(
                shell, timeout=30, monitor=ProgressMonitor(cancelled=lambda: True)
            )

        assert containers.facts(shell.name) is None

    def test_a_command_inside_answers_what_it_printed_and_its_exit_code(self, containers, shell):
        told: list[str] = []
        containers.create(shell)
        containers.start(shell.name)

        def run(*command, **more):
            spec = ExecSpec(command, 30, **more)
            return containers.run_inside(shell.name, spec, monitor=ProgressMonitor(told.append))

        failed = run("sh", "-c", "echo one; echo two; exit 3")
        read = run("cat", stdin=b"three\n" * 3)
        absent = run("no-such-program")
        containers.remove(shell.name)

        assert (failed.exit_code, failed.output, failed.timed_out) == (3, "one\ntwo\n", False)
        assert (read.exit_code, read.output) == (0, "three\n" * 3)
        assert absent.exit_code == 127
        assert told[:2] == ["one", "two"]

    def test_a_command_inside_ends_at_its_time_limit_and_the_container_goes_on(
        self, containers, shell
    ):
        containers.create(shell)
        containers.start(shell.name)

        spec = ExecSpec(("sh", "-c", "echo begun; sleep 60"), 1)
        result = containers.run_inside(shell.name, spec)

        assert (result.timed_out, result.exit_code, result.output) == (True, 137, "begun\n")
        assert containers.facts(shell.name).status == "running"
        containers.remove(shell.name)

    def test_a_command_inside_that_is_called_off_says_what_it_printed(self, containers, shell):
        told: list[str] = []
        containers.create(shell)
        containers.start(shell.name)

        with pytest.raises(Cancelled) as stopped:
            containers.run_inside(
                shell.name,
                ExecSpec(("sh", "-c", "echo begun; sleep 60"), 60),
                monitor=ProgressMonitor(told.append, lambda: bool(told)),
            )

        assert stopped.value.output == "begun\n"
        containers.remove(shell.name)

    def test_no_command_runs_in_a_container_that_does_not(self, containers, shell):
        spec = ExecSpec(("true",), 5)
        with pytest.raises(NotFound):
            containers.run_inside(shell.name, spec)
        containers.create(shell)
        with pytest.raises(Conflict):
            containers.run_inside(shell.name, spec)
        containers.start(shell.name)
        containers.pause(shell.name)
        with pytest.raises(Conflict):
            containers.run_inside(shell.name, spec)
        containers.remove(shell.name)
