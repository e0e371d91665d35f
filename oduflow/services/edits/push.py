"""Commit the edits of an environment and push them, never by force.

The commit is noted in git's folder before it is pushed. So after a kill in between, the next call
asks the server whether the push arrived, and goes on from there instead of being rejected.
"""

from dataclasses import dataclass

from oduflow.adapters.git.branches import check_branch
from oduflow.adapters.git.checkout_index import Author
from oduflow.adapters.git.edits import Edits
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.counting import counted
from oduflow.domain.edits import CommitAndPush, FileEdit, PushView
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Forbidden, Invalid
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.edits.changes import SHOWN_FILES, edits_of, git_paths, no_edits
from oduflow.services.environments.unfinished import refuse_unfinished

OWN = "oduflow/"  # begins the name of an environment's own branch
GITHUB = "https://github.com"
_STEPS = 3


def commit_and_push(
    deps: Deps, call: Call, row: Environment, args: CommitAndPush
) -> Outcome[PushView]:
    """Commit edits, push the commit, and make it the environment's own.

    Raises:
        Conflict: the branch has other commits, or the server refuses the push; nothing changed.
        Forbidden: the caller is restricted to environments, and the branch is not this one's own.
        Invalid: the branch or a path is none.
        NotFound: there are no edits.
        UpstreamFailed: the server cannot be reached, or wants another credential.
    """
    refuse_unfinished(deps, row)
    return _Push(deps, call, row, args).run()


def author_of(actor: Actor, github_url: str) -> Author:
    """Return who a commit is by; a person of github.com has the address that GitHub knows."""
    kept = "".join(char for char in str(actor) if char.isprintable() and char not in '<>"\\')
    if actor.kind is ActorKind.OAUTH and actor.subject_id and github_url == GITHUB:
        return Author(kept, f"{actor.subject_id}+{actor.subject}@users.noreply.github.com")
    words = "".join(char if char.isascii() and char.isalnum() else "." for char in kept)
    return Author(kept.strip() or "oduflow", f"{words.strip('.') or 'oduflow'}@oduflow.invalid")


@dataclass(slots=True)
class _Push:
    """One push.

    Attributes:
        row: the environment, at the commit that it has so far.
    """

    deps: Deps
    call: Call
    row: Environment
    args: CommitAndPush

    def run(self) -> Outcome[PushView]:
        row, repositories = self.row, self.deps.git.repositories
        branch = _checked(self.args.branch or f"{OWN}{row.name}")
        self._require_own(branch)
        paths = git_paths(self.args.paths)
        edits = edits_of(
            self.deps.naming,
            self.deps.git.repositories,
            row,
            ProgressMonitor(self._tell, self.call.cancelled),
        )
        self.call.report("commit", "asking the git server", 1, _STEPS)
        finished = self._finish_pending(edits)
        default, _ = repositories.head(row.repo_url, branch, team=row.team)
        if self.args.branch is None and branch == default:
            raise Conflict(
                f"{branch} is the default branch of the repository.",
                "Name a branch; the default one is pushed to only if it is named.",
            )
        self.call.report("commit", f"committing for {branch}", 2, _STEPS)
        author = author_of(self.call.actor, self.deps.settings.server.github_url)
        with repositories.place(row.team):
            made, files = edits.commit(self.row.commit, paths, self.args.message, author, branch)
        if not files:
            if finished is None:
                raise no_edits(row, paths)
            if finished.data.branch != branch:
                raise Conflict(
                    f"The edits were pushed to {finished.data.branch} by an earlier call, which "
                    f"was cut off: nothing is left for {branch}.",
                    "Make the branch on the git server, if it is wanted too.",
                )
            return finished
        self.call.report("push", f"pushing to {branch}", _STEPS, _STEPS)
        self._push(edits, made, branch)
        return self._finish(made, branch, files, author)

    def _require_own(self, branch: str) -> None:
        """Keep a caller of single environments from branches that other environments use.

        Raises:
            Forbidden: the branch is not the environment's own.
        """
        own = f"{OWN}{self.row.name}"
        if self.call.actor.environments is not None and branch != own:
            raise Forbidden(
                f"Access to single environments does not reach the branch {branch}.",
                f"Leave branch out: the commit goes to {own}.",
            )

    def _push(self, edits: Edits, made: str, branch: str) -> None:
        """Push; after a rejection, forget the commit.

        After any other failure the push may have arrived, which the next call finds out.
        """
        row, plan = self.row, EnvironmentPlan.of(self.deps.naming, self.row)
        try:
            self.deps.git.repositories.push(
                row.repo_url,
                made,
                branch,
                team=row.team,
                git_dir=plan.git_dir,
                monitor=ProgressMonitor(self._tell, self.call.cancelled),
            )
        except Conflict:
            edits.forget_push()
            raise

    def _finish_pending(self, edits: Edits) -> Outcome[PushView] | None:
        """Finish a push that a dead process left, if it arrived."""
        pending, row = edits.pending(self.row.commit), self.row
        if pending is None:
            return None
        _, at = self.deps.git.repositories.head(row.repo_url, pending.branch, team=row.team)
        if at != pending.commit:
            return None
        files = edits.between(row.commit, pending.commit)
        author = edits.author(pending.commit)
        return self._finish(pending.commit, pending.branch, files, author)

    def _finish(
        self, made: str, branch: str, files: tuple[FileEdit, ...], author: Author
    ) -> Outcome[PushView]:
        """Make a pushed commit the environment's own."""
        edits = edits_of(
            self.deps.naming, self.deps.git.repositories, self.row
        )  # unwatched: what was pushed is no longer cancelled
        self.call.tell("push", f"{branch} is at {made[:12]}", _STEPS, _STEPS)
        edits.adopt(made)
        applied = self.row.applied_states  # else the pushed edits would count as applied
        self.row = self.deps.store.environments.update(
            self.row.id, commit=made, branch=branch, applied=applied
        )
        self.deps.branches.record(self.row, made)
        edits.forget_push()
        left = len(edits.changed(made))
        view = PushView(
            branch=branch, commit=made, author=str(author), files=files[:SHOWN_FILES], left=left
        )
        what = counted(len(files), "file")
        rest = f"; edits in {counted(left, 'file')} are left" if left else ""
        return Outcome(view, f"{what} pushed to {branch} as {made[:12]}{rest}.")

    def _tell(self, line: str) -> None:
        self.call.report("push", line, _STEPS, _STEPS)


def _checked(branch: str) -> str:
    """Return the name of a branch.

    Raises:
        Invalid: it is none that can be pushed to.
    """
    if branch == "HEAD" or branch.startswith("refs/"):
        raise Invalid(f"“{branch}” is not the name of a branch.", "Give a name such as fix-views.")
    return check_branch(branch)
