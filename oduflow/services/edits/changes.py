"""Show the edits of an environment, discard them, and bring discarded ones back."""

from oduflow.adapters.git.edits import Edits
from oduflow.adapters.git.repository import GitRepositories
from oduflow.domain.counting import counted
from oduflow.domain.edits import DiffEdits, DiscardEdits, EditsView, FileEdit
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.file_paths import parts_of
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from oduflow.services.deps import Deps
from oduflow.services.environments.unfinished import refuse_unfinished

DIFF_BYTES = 4 << 20  # of what is kept as an output
SHOWN_CHARACTERS = 20_000
SHOWN_FILES = 200


def edits_of(
    naming: Naming,
    repositories: GitRepositories,
    row: Environment,
    monitor: ProgressMonitor = UNWATCHED,
) -> Edits:
    """Open the edits of an environment.

    Raises:
        Conflict: it has no checkout yet.
    """
    if not row.commit:
        raise Conflict(
            f"{row.name} has no checkout yet.",
            "",
            Next.of("get_environment", "shows its state", name=row.name),
        )
    plan = EnvironmentPlan.of(naming, row)
    return repositories.edits(plan.git_dir, plan.checkout, monitor)


def git_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return paths as git takes them; none for the root, which is everything.

    Raises:
        Invalid: one is no path in a repository.
    """
    split = [parts_of(path) for path in paths]
    return () if () in split else tuple("/".join(parts) for parts in split)


def diff_edits(
    naming: Naming, repositories: GitRepositories, row: Environment, args: DiffEdits
) -> Outcome[EditsView]:
    """Return the edited files and their diff; a long one is in the output.

    Raises:
        Busy: the team's git calls take all of its places.
        Conflict: there is no checkout yet.
    """
    edits, paths = edits_of(naming, repositories, row), git_paths(args.paths)
    with repositories.place(row.team):
        files = edits.changed(row.commit, paths)
        diff = edits.diff(row.commit, paths, most=DIFF_BYTES) if files else ""
    return _shown(row, files, diff, f"{_counted(files)} of {row.name} since {row.commit[:12]}.")


def discard_edits(deps: Deps, row: Environment, args: DiscardEdits) -> Outcome[EditsView]:
    """Make files what they are in the commit, or bring back what the last call removed.

    Raises:
        Busy: the team's git calls take all of its places.
        Conflict: nothing can be brought back, or later edits are in the way.
        NotFound: there are no such edits.
    """
    refuse_unfinished(deps, row)
    edits, paths = edits_of(deps.naming, deps.git.repositories, row), git_paths(args.paths)
    with deps.git.repositories.place(row.team):
        if args.undo:
            if paths:
                raise Conflict("All discarded edits are restored together.", "Give no paths.")
            files = edits.bring_back(row.commit)
            diff = edits.diff(row.commit, [each.path for each in files], most=DIFF_BYTES)
            return _shown(row, files, diff, f"{_counted(files)} of {row.name} are back.")
        diff = edits.diff(row.commit, paths, most=DIFF_BYTES)
        files = edits.discard(row.commit, paths)
    if not files:
        raise no_edits(row, paths)
    undo = Next.of("discard_edits", "undoes it", name=row.name, undo=True)
    view = EditsView(commit=row.commit, files=files[:SHOWN_FILES])
    return Outcome(
        view, f"{_counted(files)} of {row.name} are discarded.", next=(undo,), output=diff
    )


def no_edits(row: Environment, paths: tuple[str, ...]) -> NotFound:
    """Make the error for files without edits."""
    where = f" in {', '.join(paths[:5])}" if paths else ""
    return NotFound(f"{row.name} has no edits{where}.", "Write or delete a file first.")


def _shown(
    row: Environment, files: tuple[FileEdit, ...], diff: str, summary: str
) -> Outcome[EditsView]:
    truncated = len(diff) > SHOWN_CHARACTERS or len(files) > SHOWN_FILES
    part = diff
    if len(diff) > SHOWN_CHARACTERS:
        part = diff[:SHOWN_CHARACTERS].rpartition("\n")[0]
    whole = "\n".join([*(f"{each.kind} {each.path}" for each in files), "", diff])
    return Outcome(
        EditsView(commit=row.commit, files=files[:SHOWN_FILES], diff=part),
        summary,
        output=whole if truncated else "",
        truncated=truncated,
    )


def _counted(files: tuple[FileEdit, ...]) -> str:
    return f"Edits in {counted(len(files), 'file')}"
