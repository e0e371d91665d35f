"""Run Python code of callers in an environment's Odoo."""

from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.shell import ShellOutput, ShellReport, ShellRequest
from oduflow.domain.command import Changes, CommandView, RunOdooShell, last_lines
from oduflow.domain.container import ExecResult, ExecSpec
from oduflow.domain.environment import Environment
from oduflow.domain.errors import CommandFailed, OdooFailed
from oduflow.domain.excerpt import MAX_OUTPUT, excerpt
from oduflow.domain.masking import redact
from oduflow.domain.odoo_log import explanation, failure_cause
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.command import LineProgress, killed_reason, run_inside

# What became of the data, as the end of a sentence.
_KEPT_NOTHING = "Nothing was changed through env.cr; a cursor of the code's own is not watched."
_SENTENCES: Mapping[Changes, str] = MappingProxyType(
    {
        Changes.COMMITTED: "committed its changes, which Odoo serves from now on",
        Changes.NONE: "changed nothing through env.cr",
        Changes.PARTLY: "committed changes; later ones were rolled back, not committed",
        Changes.ROLLED_BACK: "changed data, rolled back: env.cr.commit() at its end keeps them",
    }
)


def run_shell(deps: Deps, call: Call, row: Environment, args: RunOdooShell) -> Outcome[CommandView]:
    """Run code in a process beside the Odoo that serves; only what it commits is kept.

    Raises:
        CommandFailed: the code raised, took too long, or ended the process.
        OdooFailed: Odoo did not load the database.
        Conflict: the environment does not run.
    """
    # The serving Odoo needs the rest: a container at its limit would kill either of them.
    memory = deps.limits(row.team).memory * 3 // 4
    request = ShellRequest.of(args.code, memory)
    command = commands.shell()
    spec = ExecSpec((*command.entrypoint, *command.arguments), args.timeout, request.stdin)
    with ExitStack() as slot:
        call.report("loading", "loading Odoo", 1, 2)
        slot.enter_context(call.boot_slot())

        def is_output(line: str) -> bool:
            if line.startswith(request.mark):
                slot.close()  # from now on it runs the code, and loads nothing
            return not line.startswith(request.mark)

        result = run_inside(
            deps.naming, deps.engine.containers, row, spec, LineProgress(call, is_output)
        )
    output = ShellOutput.of(redact(result.output), request.mark)
    said = output.report
    if said is None or not said.ok or result.exit_code != 0:
        raise _failure(args, result, output)
    return _outcome(row, result, said, output.printed)


def _outcome(
    row: Environment, result: ExecResult, said: ShellReport, printed: str
) -> Outcome[CommandView]:
    is_long = len(printed) > MAX_OUTPUT
    view = CommandView(
        output=excerpt(printed),
        seconds=result.seconds,
        value=said.value,
        changes=_changes(said),
    )
    return Outcome(
        view,
        f"The code ran in {row.name} and {_SENTENCES[_changes(said)]}.",
        warnings=_warnings(said),
        output=printed if is_long else "",
        truncated=is_long,
    )


def _warnings(said: ShellReport) -> tuple[str, ...]:
    if not said.committed or said.signalled:
        return ()
    return ("Odoo was not told to read its caches again, so it may answer old values.",)


def _changes(said: ShellReport) -> Changes:
    if said.committed:
        return Changes.PARTLY if said.rolled_back else Changes.COMMITTED
    return Changes.ROLLED_BACK if said.rolled_back else Changes.NONE


def _failure(
    args: RunOdooShell, result: ExecResult, output: ShellOutput
) -> CommandFailed | OdooFailed:
    said, printed = output.report, output.printed
    if said is not None and not said.ok:
        kept = "What it had committed before is kept." if said.committed else _KEPT_NOTHING
        shown = "\n".join(filter(None, (last_lines(printed), said.traceback.strip("\n"))))
        whole = "\n".join(filter(None, (printed, said.traceback.strip("\n"))))
        return CommandFailed(f"The code failed: {said.error}.", kept, output=shown, whole=whole)
    if reason := killed_reason(result, args.timeout):
        return CommandFailed(
            f"The code {reason}.",
            "What it had committed before is kept.",
            output=last_lines(printed),
            whole=printed,
        )
    if not output.loaded:
        cause = failure_cause(printed, ended=True)
        return OdooFailed(
            f"Odoo did not load the database{f': {cause}' if cause else ''}.",
            "The code did not run.",
            output=explanation(printed, ended=True),
            whole=printed,
        )
    return CommandFailed(
        f"The code ended Odoo's process with exit code {result.exit_code}, so its end is unknown.",
        "Leave out what ends a process, such as os._exit.",
        output=last_lines(printed),
        whole=printed,
    )
