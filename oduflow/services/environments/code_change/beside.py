"""Run a second Odoo beside the serving one: it loads new code and changes the database for it."""

from dataclasses import dataclass, field

from oduflow.adapters.odoo.commands import OdooCommand
from oduflow.adapters.odoo.module_change import apply_changes, change_modules, read_verdict
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import OdooFailed
from oduflow.domain.module_change import ModuleAction, OdooVerdict, Records
from oduflow.domain.module_failure import one_line
from oduflow.domain.odoo_log import explanation
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.container import PYTHON_TARGET, repository_folders
from oduflow.services.environments.installation import run_beside_odoo
from oduflow.services.environments.module_change.available import FoundModules
from oduflow.services.environments.module_change.checks import installed_names
from oduflow.services.environments.module_change.judge import ChangeEvidence, ChangeProblem, judge
from oduflow.services.environments.module_change.output import OdooOutput
from oduflow.services.environments.module_change.settle import tenant_of

IN_PLACE = "reload"  # a stage of the script
_COLUMNS = "its code has stored fields without a column"


@dataclass(slots=True, kw_only=True)
class OdooBeside:
    """One run of a second Odoo, and what proves its success.

    Attributes:
        row: the environment, with the container of which it shares mounts and limits.
        image: Odoo's image.
        found: the modules that it can find.
        known: what the serving Odoo had logged before.
        output: what it prints.
        verdict: what it said; None if it said nothing.
        after: the modules in the database afterwards.
        problem: why it is no success; None if everything proves it.
    """

    deps: Deps
    call: Call
    row: Environment
    image: ImageFacts
    found: FoundModules
    known: str
    output: OdooOutput = field(default_factory=OdooOutput)
    verdict: OdooVerdict | None = None
    after: Records = field(default_factory=dict)
    problem: ChangeProblem | None = None

    def apply(self, plan: ApplyPlan) -> None:
        """Load the code, and change the database as a plan says."""
        command = apply_changes(plan, PYTHON_TARGET)
        self._run(command, None, (*plan.upgrade, *plan.install))
        if self.problem is None and plan.bundles:
            self.problem = _bundle_problem(self.verdict)

    def uninstall(self, modules: tuple[str, ...]) -> None:
        """Uninstall modules, of which the folders are there."""
        command = change_modules(ModuleAction.UNINSTALL, modules, PYTHON_TARGET)
        self._run(command, ModuleAction.UNINSTALL, modules)

    @property
    def wrote_nothing(self) -> bool:
        """Whether it failed before it committed anything."""
        return self.verdict is not None and not (self.verdict.ok or self.verdict.wrote)

    @property
    def wrote(self) -> bool:
        """Whether it knows that it committed anything besides bundles."""
        said = self.verdict
        return said is not None and said.wrote and said.tells_writes

    def require_success(self) -> None:
        """Go on only with a success.

        Raises:
            OdooFailed: says what failed, with file and line where they are known.
        """
        if self.problem is not None:
            text = self.output.text
            raise OdooFailed(self.problem.message, output=explanation(text), whole=text)

    def instead(self, plan: ApplyPlan) -> ApplyPlan | None:
        """Return a plan that does more, where that may succeed; None where it would not.

        Views of several modules that change together can fail one by one, and pass in an upgrade.
        Code that needs columns shows it only when it is loaded.
        """
        if self.problem is None:
            return None
        installed = installed_names(self.after)
        if pending := sorted(set(self.problem.pending) & installed - set(plan.upgrade)):
            return plan.upgrading(pending, _COLUMNS)
        verdict = self.verdict
        if verdict is not None and not verdict.ok and verdict.stage == IN_PLACE and plan.reload:
            return plan.upgrading(plan.reload, "loading its data in place failed")
        return None

    def _run(
        self, command: OdooCommand, kind: ModuleAction | None, modules: tuple[str, ...]
    ) -> None:
        self.output = OdooOutput(tell=lambda line: self.call.tell("odoo", line))
        result = run_beside_odoo(
            self.deps, self.call, self.row, self.image, command, self.output.add
        )
        self.verdict = read_verdict(self.output.lines)
        tenant = tenant_of(self.deps.naming, self.deps.postgres, self.row)
        self.after = tenant.module_records()
        self.problem = judge(
            ChangeEvidence(
                kind=kind,
                modules=modules,
                after=self.after,
                versions=self.found.versions,
                result=result,
                verdict=self.verdict,
                known=self.known,
                own=repository_folders(self.row),
                memory_mb=self.deps.settings.teams[self.row.team].memory_mb,
            )
        )


def _bundle_problem(verdict: OdooVerdict | None) -> ChangeProblem | None:
    """Return why it is not proven that all bundles were made; None if it is."""
    if verdict is None or verdict.bundles is None:
        return ChangeProblem("The changes were not applied: Odoo told nothing of its bundles.")
    for each in verdict.bundles:
        if each.wrong:
            wrong = f"The bundle {each.name} cannot be made: {one_line(each.wrong)}"
            return ChangeProblem(wrong, done=True)
    return None
