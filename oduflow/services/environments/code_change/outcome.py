"""Tell what a change of code did, or what its failure left."""

from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.view import CodeChanged, FileNeed
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.module_change import differences
from oduflow.domain.module_failure import warnings_of
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.pending_change import PendingChange
from oduflow.kernel.undo import told
from oduflow.services.environments.code_change.facts import CodeFacts

MAX_FILES = 100  # in an answer
MAX_MODULES = 100
MAX_WARNINGS = 20


def told_change(work: CodeFacts) -> Outcome[CodeChanged]:
    """Return the outcome of a change that succeeded."""
    row, verdicts = work.row, work.plan.verdicts
    warned = tuple(f"Odoo warned: {each}" for each in _warned(work))
    warnings = (*work.warnings, *work.plan.warnings, *warned)
    files = tuple(FileNeed.of(each) for each in verdicts[:MAX_FILES])
    changed = differences(work.before, work.after, ()) if work.after else []
    lines = [f"{each.need}\t{each.path}\t{each.why}" for each in verdicts]
    outcome = Outcome(
        CodeChanged(
            name=row.name,
            state=row.state,
            branch=row.branch,
            old_commit=work.first.commit,
            commit=row.commit,
            commits=work.target.commits,
            files=files,
            actions=tuple(work.actions),
            modules=tuple(changed[:MAX_MODULES]),
            edits=work.edits,
            seconds=work.seconds,
        ),
        f"{_summary(work)}.",
        warnings=warnings[:MAX_WARNINGS],
        next=() if work.undo is not None else _way_back(work),
        output="\n".join(lines) if len(verdicts) > MAX_FILES else work.printed if warned else "",
        truncated=len(verdicts) > MAX_FILES,
    )
    return told(outcome, work.undo)


def up_to_date(work: CodeFacts) -> Outcome[CodeChanged]:
    """Return the outcome of a pull that finds nothing new; edits are not applied by it."""
    row, is_applied = work.row, work.plan.is_nothing
    view = CodeChanged(
        name=row.name,
        state=row.state,
        branch=row.branch,
        old_commit=row.commit,
        commit=row.commit,
        commits=(),
        files=(),
        actions=(),
        edits=work.target.edits,
        seconds=0.0,
    )
    apply = Next.of("apply_changes", "applies the edits", name=row.name)
    return Outcome(
        view,
        f"{row.name} is at {row.commit[:12]} already, the newest commit of {row.branch}."
        if work.target.follows
        else f"{row.name} is at {row.commit[:12]} already.",
        warnings=() if is_applied else ("It has edits that are not applied.",),
        next=() if is_applied else (apply,),
    )


def went_back(
    failure: Failure, first: Environment, pending: PendingChange, *, but: str = ""
) -> None:
    """Add to a failure that the environment is back at its former state.

    Args:
        failure: why the change failed.
        first: the environment before it.
        pending: the way back that was gone.
        but: why its Odoo does not serve with that any more; empty if it does.
    """
    said = f"{first.name} is back at {first.commit[:12]}"
    if pending.wrote and pending.snapshot:
        said += ", with its data of before"
    elif pending.wrote:
        said += ", but not its data, of which there was no snapshot: look at its modules"
    elif not (pending.served or pending.replaced):
        said += "; its Odoo was not touched"
    said = f"{said}, with which Odoo does not serve: {but}" if but else f"{said}."
    failure.hint = " ".join(filter(None, (failure.hint, said)))


def was_kept(failure: Failure, work: CodeFacts, *, served: bool) -> None:
    """Add to a failure what was kept of the change, and what can be done with it."""
    serving = (
        "Odoo may serve with it"
        if served
        else "the serving Odoo was not touched"
        if work.row.state is EnvironmentState.RUNNING
        else "Odoo does not run"
    )
    said = f"The files are kept at {work.row.commit[:12]}, and {serving}: correct them and apply."
    failure.hint = " ".join(filter(None, (failure.hint, said)))
    again = Next.of("apply_changes", "applies corrections", name=work.row.name)
    failure.next = (*failure.next, again, *(work.undo.calls if work.undo else ()))


def _summary(work: CodeFacts) -> str:
    row, moved = work.row, work.row.commit != work.first.commit
    what = f"{row.name} is at {row.commit[:12]} of {row.branch}" if moved else f"{row.name}"
    edits = f" with edits in {counted(work.edits, 'file')}" if work.edits else ""
    done = ", ".join(work.actions) or "nothing had to be done for it"
    return f"{what}{edits}: {done}" if moved else f"The edits of {what} are applied: {done}"


def _way_back(work: CodeFacts) -> tuple[Next, ...]:
    """Suggest the commit that the environment was at; edits are undone by their own operation."""
    first = work.first
    if work.row.branch != first.branch:
        back = Next.of("switch_branch", "goes back", name=first.name, branch=first.branch)
        return (back,)
    if work.row.commit != first.commit:
        return (Next.of("pull_and_apply", "goes back", name=first.name, ref=first.commit),)
    return ()


def _warned(work: CodeFacts) -> tuple[str, ...]:
    return () if work.verdict is None else tuple(warnings_of(work.verdict))


def done_by(plan_need: Need, names: tuple[str, ...]) -> str:
    """Say what was done with modules: `upgraded sale, stock`."""
    verbs = {
        Need.INSTALL: "installed",
        Need.UNINSTALL: "uninstalled",
        Need.UPGRADE: "upgraded",
    }
    return f"{verbs[plan_need]} {', '.join(names)}"
