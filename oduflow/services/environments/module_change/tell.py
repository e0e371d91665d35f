"""Tell what a change of modules did, or what its failure left."""

from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.module_change import ModuleAction, ModulesChanged, differences
from oduflow.domain.module_failure import listed, warnings_of
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.services.environments.module_change.facts import ChangeFacts
from oduflow.services.environments.module_change.judge import ChangeProblem

MAX_SHOWN = 100  # modules in an answer
MAX_WARNINGS = 20


def told_change(work: ChangeFacts) -> Outcome[ModulesChanged]:
    """Return the outcome of a change that succeeded."""
    changed = differences(work.before, work.after, work.modules)
    verdict = work.verdict
    warned = () if verdict is None else tuple(warnings_of(verdict))
    more = len(warned) - MAX_WARNINGS
    warnings = tuple(f"Odoo warned: {each}" for each in warned[:MAX_WARNINGS])
    if more > 0:
        warnings += (f"Odoo warned of {more} things more; its log has them.",)
    return Outcome(
        ModulesChanged(
            name=work.row.name,
            state=work.row.state,
            modules=tuple(changed[:MAX_SHOWN]),
            more=max(0, len(changed) - MAX_SHOWN),
            actions=tuple(work.actions),
            seconds=work.seconds,
            odoo_seconds=0.0 if verdict is None else verdict.seconds,
        ),
        f"{listed(work.modules)} {_was(work)} {work.kind.done} in {work.row.name}, "
        + ("which is stopped." if work.row.state is EnvironmentState.STOPPED else "which serves."),
        warnings=warnings,
        output=work.output.text if warned else "",
    )


def aftermath(
    failure: Failure, work: ChangeFacts, problem: ChangeProblem | None, took_over: str
) -> None:
    """Add to a failure what it left in the database, and in the serving Odoo."""
    said = [failure.hint, _left(work, problem), _served(work, problem, took_over)]
    failure.hint = " ".join(filter(None, said))
    if problem is not None and problem.pending:
        failure.next = (
            *failure.next,
            Next.of(
                "upgrade_modules",
                "makes the columns",
                name=work.row.name,
                modules=problem.pending[:MAX_SHOWN],
            ),
        )


def _left(work: ChangeFacts, problem: ChangeProblem | None) -> str:
    if problem is not None and problem.done:
        return ""
    changed = [
        f"{each.name} ({each.old_state or 'unknown'} → {each.state or 'unknown'})"
        if each.old_state != each.state
        else f"{each.name} ({each.old_version} → {each.version})"
        for each in differences(work.before, work.after, ())
    ]
    if changed:
        return f"Odoo had finished before: {listed(changed)}."
    if work.kind is ModuleAction.UPGRADE and (finished := work.output.finished):
        return f"Odoo had finished {listed(finished)} before, which may stay {work.kind.done}."
    return "The states and versions of all modules are what they were before."


def _served(work: ChangeFacts, problem: ChangeProblem | None, took_over: str) -> str:
    if took_over:
        return f"The serving Odoo knows of it: it {took_over}."
    if work.row.state is not EnvironmentState.RUNNING or problem is None:
        return ""
    if problem.done:
        return "The serving Odoo keeps the code that it has loaded until it is restarted."
    return "The serving Odoo was not touched."


def _was(work: ChangeFacts) -> str:
    return "was" if len(work.modules) == 1 else "were"
