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
from oduflow.domain.snapshot import Snapshot
from oduflow.kernel.undo import Undo, told
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
        next=(*_install(work), *(() if work.undo and work.undo.snapshot else _way_back(work))),
        output="\n".join(lines) if len(verdicts) > MAX_FILES else work.printed if warned else "",
        truncated=len(verdicts) > MAX_FILES,
    )
    return told(outcome, work.undo)


def name_undo(failure: Failure, undo: Undo | None) -> None:
    """Make a failure name the snapshot from before, or say what cannot be undone."""
    if undo is not None:
        failure.snapshot = undo.snapshot
        failure.hint = " ".join(filter(None, (failure.hint, *undo.warnings)))


def went_back(
    failure: Failure,
    first: Environment,
    pending: PendingChange,
    kept: Snapshot | None,
    *,
    wrote_unasked: bool = False,
) -> None:
    """Add to a failure that the environment is back at its former state.

    Args:
        failure: why the change failed.
        first: the environment before it.
        pending: the way back that was gone.
        kept: the snapshot of what there was until then; None where no data went back.
        wrote_unasked: whether code wrote data when it was loaded, without a snapshot.
    """
    said = f"{first.name} is back at {first.commit[:12]}"
    if kept is not None:
        said += f", with its data of before. What the change and its users wrote is in {kept.name}"
        look = Next.of(
            "rollback_environment", "goes to what was written", name=first.name, snapshot=kept.name
        )
        failure.next = (*failure.next, look)
    elif wrote_unasked:
        said += ", but not what its code wrote when it was loaded, of which there was no snapshot"
    elif not (pending.served or pending.replaced):
        said += "; its Odoo was not touched"
    failure.hint = " ".join(filter(None, (failure.hint, f"{said}.")))


def not_back(failure: Failure, first: Environment, why: Failure, *, again: bool) -> None:
    """Add to a failure that the environment is not back, or does not serve as before.

    Args:
        failure: why the change failed.
        first: the environment before it.
        why: what was in the way.
        again: whether the reconcile loop tries again.
    """
    said = f"{first.name} is not as it was before: {why.message}"
    said += " It is tried again each minute." if again else f" {why.hint}"
    failure.hint = " ".join(filter(None, (failure.hint, said))).strip()
    failure.next = (*failure.next, *why.next)


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
    already = "" if moved else " already"
    edits = f" with edits in {counted(work.edits, 'file')}" if work.edits else ""
    done = ", ".join(work.actions) or "nothing had to be done for it"
    return f"{row.name} is at {row.commit[:12]} of {row.branch}{already}{edits}: {done}"


def _way_back(work: CodeFacts) -> tuple[Next, ...]:
    """Suggest the commit that the environment was at; edits are undone by their own operation."""
    first = work.first
    if work.row.branch != first.branch:
        back = Next.of("switch_branch", "goes back", name=first.name, branch=first.branch)
        return (back,)
    if work.row.commit != first.commit:
        return (Next.of("pull_and_apply", "goes back", name=first.name, ref=first.commit),)
    return ()


def _install(work: CodeFacts) -> tuple[Next, ...]:
    """Suggest to install new modules that were left out, which no later change does."""
    if not work.left_out:
        return ()
    why = "installs what was left out, once it can be"
    names = tuple(work.left_out)
    return (Next.of("install_modules", why, name=work.first.name, modules=names),)


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
