"""Run commands of callers in an environment's container."""

import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.odoo.addons_path import repository_target
from oduflow.domain.command import CommandView, RunCommand, last_lines
from oduflow.domain.container import ExecResult, ExecSpec
from oduflow.domain.environment import Environment
from oduflow.domain.errors import CommandFailed, Conflict
from oduflow.domain.excerpt import MAX_OUTPUT, excerpt
from oduflow.domain.masking import redact
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import write_private
from oduflow.kernel.call import Call

NOT_EXECUTABLE, NO_PROGRAM, SIGNALS, KILLED = 126, 127, 128, 137
_TOLD_SECONDS = 1.0  # between two lines of the output that a job shows as its progress
_TOLD_CHARACTERS = 200


def run_command(
    naming: Naming, containers: Containers, call: Call, row: Environment, args: RunCommand
) -> Outcome[CommandView]:
    """Run a command as Odoo's user, in the checkout's folder.

    Raises:
        CommandFailed: its exit code is not 0, or it took too long.
        Conflict: the environment does not run.
    """
    spec = ExecSpec(args.command, args.timeout, folder=repository_target(row.repo_url))
    result = run_inside(naming, containers, row, spec, LineProgress(call))
    output = redact(result.output)
    if result.exit_code != 0 or result.timed_out:
        raise CommandFailed(
            _failure(args, result), output=last_lines(output), whole=output.strip("\n")
        )
    is_long = len(output) > MAX_OUTPUT
    view = CommandView(output=excerpt(output), seconds=result.seconds)
    return Outcome(
        view,
        f"{_shown(args)} ended with exit code 0 after {result.seconds:.1f} s.",
        output=output if is_long else "",
        truncated=is_long,
    )


@dataclass(slots=True)
class LineProgress:
    """Shows lines of an output as a job's progress, at most one each second."""

    call: Call
    is_shown: Callable[[str], bool] = lambda _line: True
    _told: float = field(default=0.0, init=False)

    def on_line(self, line: str) -> None:
        """Take a line of the output."""
        if self.is_shown(line) and line.strip() and time.monotonic() - self._told > _TOLD_SECONDS:
            self._told = time.monotonic()
            self.call.report("running", redact(line)[:_TOLD_CHARACTERS])


def run_inside(
    naming: Naming, containers: Containers, row: Environment, spec: ExecSpec, progress: LineProgress
) -> ExecResult:
    """Run a command in the container that serves an environment.

    Its mark is kept on the disk meanwhile, so that it ends also when this process is killed.

    Raises:
        Conflict: it does not run.
        Cancelled: the job was cancelled.
    """
    name, plan = require_running(naming, containers, row), EnvironmentPlan.of(naming, row)
    end_cut_off_command(containers, plan)
    monitor = ProgressMonitor(progress.on_line, progress.call.cancelled)
    mark = secrets.token_hex(8)
    write_private(plan.command_mark, mark)
    try:
        return containers.run_inside(name, replace(spec, mark=mark), monitor=monitor)
    finally:
        plan.command_mark.unlink(missing_ok=True)


def end_cut_off_command(containers: Containers, plan: EnvironmentPlan) -> None:
    """Kill the command that a dead process has left; the caller holds the environment's lock."""
    try:
        mark = plan.command_mark.read_text()
    except FileNotFoundError:
        return
    containers.end_inside(plan.container, mark)
    plan.command_mark.unlink(missing_ok=True)


def require_running(naming: Naming, containers: Containers, row: Environment) -> str:
    """Return the name of the environment's container, which runs.

    Raises:
        Conflict: it does not run, or there is none.
    """
    name = EnvironmentPlan.of(naming, row).container
    facts = containers.facts(name)
    if facts is None:
        step = Next.of("rebuild_environment", "creates it", name=row.name)
        raise Conflict(f"{row.name} has no container.", "", step)
    if facts.status != "running":
        step = Next.of("start_environment", "starts it", name=row.name)
        raise Conflict(f"{row.name} does not run: its container is {facts.status}.", "", step)
    return name


def require_address(naming: Naming, containers: Containers, row: Environment) -> str:
    """Return the address of the environment's container, which runs, in its team's network.

    Raises:
        Conflict: it does not run, or has no address.
    """
    facts = containers.facts(require_running(naming, containers, row))
    address = "" if facts is None else facts.addresses.get(naming.team_network(row.team), "")
    if not address:
        step = Next.of("restart_environment", "starts it again", name=row.name)
        raise Conflict(f"{row.name} has no address in its team's network.", "", step)
    return address


def killed_reason(result: ExecResult, timeout: int) -> str:
    """Return why something was killed, as the end of a sentence; empty if it was not."""
    if result.timed_out:
        return f"did not end within {timeout} s and was killed"
    if result.exit_code == KILLED:
        return "was killed, as at the environment's limit of memory"
    return ""


def _failure(args: RunCommand, result: ExecResult) -> str:
    code, shown = result.exit_code, _shown(args)
    if reason := killed_reason(result, args.timeout):
        return f"{shown} {reason}."
    if code == NO_PROGRAM:
        return f"{shown} ended with exit code {code}: there is no such program."
    if code == NOT_EXECUTABLE:
        return f"{shown} ended with exit code {code}: it cannot be executed."
    if code > SIGNALS:
        return f"{shown} ended with exit code {code}, by signal {code - SIGNALS}."
    return f"{shown} ended with exit code {code}."


def _shown(args: RunCommand) -> str:
    return f"`{redact(shlex.join(args.command))[:100]}`"
