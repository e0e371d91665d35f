"""How an environment's commit compares with its branch on the git server."""

from datetime import datetime

from oduflow.domain.counting import counted
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model


class BranchCheck(Model):
    """One comparison.

    Attributes:
        commit: the environment's commit at that time.
        newest: the branch's newest commit; empty when the branch is gone.
        source: the ref that was compared, which a later pull fetches; empty when it is not known.
        behind: how many commits the branch has that the environment has not; None when the
            branch was rewritten, is too far ahead, or is gone.
        checked_at: when the server was asked.
    """

    commit: str
    newest: str
    source: str = ""
    behind: int | None
    checked_at: datetime

    @property
    def moved(self) -> bool:
        """Whether the branch's newest commit is another one."""
        return self.newest != self.commit


def moved_warning(name: str, branch: str, check: BranchCheck | None) -> tuple[str, ...]:
    """Return a warning when a branch moved on; empty when it did not."""
    if check is None or not check.moved:
        return ()
    if not check.newest:
        gone = f"Branch {branch} is gone from the repository; this environment stays at"
        return (f"{gone} {check.commit[:12]}, and can switch to another branch.",)
    if check.behind is None:
        what = f"was rewritten, or is far ahead: it is at {check.newest[:12]} now"
    else:
        what = f"moved on by {counted(check.behind, 'commit')}"
    return (f"Branch {branch} {what}; {name} is at {check.commit[:12]}, and can pull it.",)


def pull_step(name: str, check: BranchCheck | None) -> tuple[Next, ...]:
    """Return the call that follows a branch that moved on; none where it did not, or is gone."""
    if check is None or not check.moved or not check.newest:
        return ()
    return (Next.of("pull_and_apply", "follows the branch", name=name),)
