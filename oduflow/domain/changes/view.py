"""What was changed, as callers see it."""

from oduflow.domain.changes.needs import FileVerdict, Need
from oduflow.domain.commits import CommitLine
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.module_change import ModuleChange
from oduflow.domain.outcome import Model


class FileNeed(Model):
    """A changed file, what it needs of Odoo, and why; `path` is empty for another reason."""

    path: str
    module: str
    need: Need
    why: str

    @classmethod
    def of(cls, verdict: FileVerdict) -> "FileNeed":
        """Make the view of a verdict."""
        return cls.from_row(verdict)


class CodeChanged(Model):
    """How an environment was brought up to date.

    `commits` are the newest ones that came, null where they cannot be told; `files` those that
    changed, the greatest need first. `edits` counts the files that differ from `commit`.
    """

    name: str
    state: EnvironmentState
    branch: str
    old_commit: str
    commit: str
    commits: tuple[CommitLine, ...] | None
    files: tuple[FileNeed, ...]
    actions: tuple[str, ...]
    modules: tuple[ModuleChange, ...] = ()
    edits: int
    seconds: float
