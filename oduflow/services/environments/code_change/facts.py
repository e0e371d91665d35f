"""What is known of one change of code."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oduflow.domain.changes.inputs import ApplyChanges
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.module_change import OdooVerdict, Records
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.undo import Undo
from oduflow.services.deps import Deps
from oduflow.services.environments.code_change.target import ChangeTarget
from oduflow.services.environments.module_change.available import FoundModules


@dataclass(slots=True, kw_only=True)
class CodeFacts:
    """What was asked for, and what is known so far.

    Attributes:
        operation: its name.
        args: its arguments.
        first: the environment as it was.
        row: the environment as it is now.
        image: Odoo's image.
        target: where it is brought to.
        found: the modules that Odoo can find in the files as they are.
        last: the newest state that Odoo loaded and that has each module that is gone.
        folders: the folders of the modules in the state that is wanted, with their names.
        plan: what the changed files need.
        undo: the snapshot that was taken; None without one.
        before, after: the modules in the database.
        languages: those that were active before.
        verdict: what Odoo said last; None if it was not asked.
        actions: what was done, for the answer.
        warnings: what the caller should know besides.
        left_out: new modules that cannot be installed yet.
        printed: what Odoo printed.
        edits: how many files differ from the commit.
        seconds: how long the whole took.
    """

    deps: Deps
    call: Call
    operation: str
    args: ApplyChanges
    first: Environment
    row: Environment
    image: ImageFacts
    target: ChangeTarget
    found: FoundModules
    last: Mapping[str, str]
    folders: Mapping[str, str]
    plan: ApplyPlan
    before: Records
    languages: frozenset[str]
    undo: Undo | None = None
    after: Records = field(default_factory=dict)
    verdict: OdooVerdict | None = None
    actions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    printed: str = ""
    edits: int = 0
    seconds: float = 0.0

    @property
    def names(self) -> EnvironmentPlan:
        """The names of what the environment consists of."""
        return EnvironmentPlan.of(self.deps.naming, self.row)
