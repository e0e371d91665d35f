"""Install, upgrade or uninstall modules beside the serving Odoo, prove it, and let it take over.

From the first write on, the row's step is `modules_change`: a process that is killed leaves a row
that `settle` settles. Odoo commits after each module, so a failure leaves what Odoo had finished
until then; states that promise more are reset.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from oduflow.adapters.odoo.module_change import change_modules, read_verdict
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.container import ImageFacts, RunResult
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict, Failure, OdooFailed
from oduflow.domain.module_change import MODULES_CHANGE, ModuleAction, changed_names
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import explanation
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.container import PYTHON_TARGET, repository_folders
from oduflow.services.environments.installation import run_beside_odoo
from oduflow.services.environments.module_change.available import FoundModules, find_available
from oduflow.services.environments.module_change.checks import (
    refuse_install,
    refuse_uninstall,
    refuse_upgrade,
)
from oduflow.services.environments.module_change.facts import ChangeFacts
from oduflow.services.environments.module_change.judge import ChangeEvidence, ChangeProblem, judge
from oduflow.services.environments.module_change.settle import (
    modules_of,
    settle_states,
    tenant_of,
)
from oduflow.services.environments.module_change.take_over import Told, serving_log, take_over
from oduflow.services.environments.module_change.tell import aftermath
from oduflow.services.environments.start import start
from oduflow.services.environments.states import note_loaded
from oduflow.services.environments.stop import no_container
from oduflow.services.images import run_as
from oduflow.services.saga import Saga, Step

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class ModulesChange(ChangeFacts):
    """One change of modules."""

    deps: Deps
    call: Call
    _image: ImageFacts = field(init=False)
    _found: FoundModules = field(init=False)
    _result: RunResult = field(init=False)
    _logged: str = ""
    _step: str = ""
    _problem: ChangeProblem | None = None

    def check(self) -> None:
        """Refuse what cannot succeed, before anything is changed.

        Raises:
            Conflict: the environment cannot be changed, or the modules are not in the right state.
            NotFound: there is no such module, or a dependency is missing.
            Invalid: Odoo could not do it.
        """
        self._refuse_state()
        self.deps.infrastructure.wake(self.row.team, lambda line: self.call.report("check", line))
        self.call.report("check", "checking the modules")
        self._image = run_as(self.deps.engine.images.facts(self.row.odoo_image), self.row.uid)
        self._found = find_available(self.deps, self.call, self.row, self._image)
        available, off_path = self._found.available, self._found.off_path
        tenant, name = tenant_of(self.deps.naming, self.deps.postgres, self.row), self.row.name
        records = tenant.module_records()
        if self.kind is ModuleAction.INSTALL:
            refuse_install(name, self.modules, available, records, off_path)
        elif self.kind is ModuleAction.UPGRADE:
            refuse_upgrade(name, self.modules, available, records, off_path)
        else:
            dependents = tenant.installed_dependents(self.modules)
            refuse_uninstall(name, self.modules, available, records, dependents)

    def run(self) -> None:
        """Do it, after `check`.

        Raises:
            OdooFailed: Odoo failed; the states in the database are consistent.
            Failure: it was cancelled, or took too long, or a part of the product failed.
        """
        started = time.monotonic()
        with self.call.boot_slot(BootKind.INSTALL):
            self.row = note_loaded(self.deps, self.call, self.row)
            self.row = self.deps.store.environments.update(
                self.row.id, step=MODULES_CHANGE, job=self.call.job
            )
            try:
                Saga(MODULES_CHANGE, self.steps(), self.on_step, self.deps.work.failpoints).run()
            except Failure as failure:
                self._settle(failure)
                raise
        self.seconds = round(time.monotonic() - started, 2)

    def steps(self) -> tuple[Step, ...]:
        """List the steps; `_settle` undoes them as a whole."""
        return (
            Step("reset", "resetting states that were left", self.reset),
            Step("odoo", f"{self.kind.doing} beside the serving Odoo", self.odoo),
            Step("proof", "reading the database", self.prove),
            Step("serving", "letting the serving Odoo take over", self.serve),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins; once Odoo has committed, it can no longer be cancelled."""
        self._step = step.name
        tell = self.call.report if step.name in {"reset", "odoo"} else self.call.tell
        tell(step.name, step.message, number, total)

    def reset(self) -> None:
        """Take back what an earlier process was about to do, which Odoo would continue."""
        tenant = tenant_of(self.deps.naming, self.deps.postgres, self.row)
        if left := tenant.reset_module_states():
            self.actions.append(f"reset the states of {', '.join(left)}, which were left over")
        self.before = tenant.module_records()
        self._logged = serving_log(self.deps.engine.containers, self._plan)

    def odoo(self) -> None:
        """Run Odoo in a container of its own."""
        command = change_modules(self.kind, self.modules, PYTHON_TARGET)
        self.output.tell = lambda line: self.call.tell("odoo", line, 2, 4)
        self._result = run_beside_odoo(
            self.deps, self.call, self.row, self._image, command, self.output.add
        )
        self.verdict = read_verdict(self.output.lines)

    def prove(self) -> None:
        """Compare what Odoo says with the database."""
        tenant = tenant_of(self.deps.naming, self.deps.postgres, self.row)
        self.after = tenant.module_records()
        self._problem = judge(
            ChangeEvidence(
                kind=self.kind,
                modules=self.modules,
                after=self.after,
                versions=self._found.versions,
                result=self._result,
                verdict=self.verdict,
                known=self._logged,
                own=repository_folders(self.row),
                memory_mb=self.deps.settings.teams[self.row.team].memory_mb,
            )
        )
        if self._problem is not None:
            text = self.output.text
            raise OdooFailed(self._problem.message, output=explanation(text), whole=text)
        self.actions.append(f"{self.kind.done} {', '.join(self.modules)}")
        # Of an installed module whose folder is gone: Odoo would try its upgrade for ever.
        if left := tenant.reset_module_states():
            self.after = tenant.module_records()
            self.actions.append(f"reset the states of {', '.join(left)}, which Odoo did not load")

    def serve(self) -> None:
        """Let the serving Odoo take over; start one that had failed, and leave a stopped one."""
        self._record(self._added)  # first: a rebuild would install what was uninstalled
        try:
            if self.row.state is EnvironmentState.RUNNING:
                self.actions.append(self._take_over(signaled=True))
            elif self.row.state is EnvironmentState.FAILED:
                start(self.deps, Call(self.call.actor, self.call.origin, self.call.job), self.row)
                self.actions.append("started Odoo")
        except OdooFailed as failure:
            failure.hint = "Odoo does not serve with it: correct the code and upgrade, or undo it."
            raise
        self.row = self._finish()

    def _refuse_state(self) -> None:
        row = self.row
        if row.state is EnvironmentState.FAILED and not row.served:
            raise Conflict(
                f"The creation of {row.name} failed, and it never served.",
                "Create it again.",
                Next.of("get_environment", "says why", name=row.name),
            )
        if self.deps.engine.containers.facts(self._plan.container) is None:
            raise no_container(row)

    def _settle(self, failure: Failure) -> None:
        """Leave consistent states, and tell what the failure left; else the reconcile loop does."""
        self.call.tell("settle", "resetting the states of modules")
        try:
            self.after = settle_states(self.deps, self.row)
            current = self.deps.store.environments.by_id(self.row.id)
            self._record(self._added if self._step == "serving" else ())
            took_over = ""
            if current is not None and current.step and self._is_to_be_taken_over():
                took_over = self._take_over(signaled=False)
            self._finish()
        except Failure:
            log.exception("%s is not settled; the reconcile loop goes on", self.row.name)
            failure.hint = f"{failure.hint} Its modules are settled in a minute.".strip()
            return
        aftermath(failure, self, self._problem, took_over)

    def _is_to_be_taken_over(self) -> bool:
        """Whether a part succeeded that the serving Odoo does not know of.

        After an upgrade it would load new code for modules that were not upgraded either.
        """
        if self.row.state is not EnvironmentState.RUNNING or self._step == "reset":
            return False
        if self._step == "serving":
            return True
        if self.kind is ModuleAction.UPGRADE or (self._problem is not None and self._problem.done):
            return False
        return changed_names(self.before, self.after) != []

    def _take_over(self, *, signaled: bool) -> str:
        tell: Callable[[str], None] = lambda line: self.call.tell("serving", line, 4, 4)  # noqa: E731
        told = Told(since=self.output.signaled, logged=self._logged, signaled=signaled)
        return take_over(self.deps, self.call, self.row, tell, told)

    def _record(self, added: tuple[str, ...]) -> None:
        modules = modules_of(self.row, self.after, added)
        self.row = self.deps.store.environments.update(self.row.id, modules=modules)

    def _finish(self) -> Environment:
        return self.deps.store.environments.update(self.row.id, step="", job="")

    @property
    def _added(self) -> tuple[str, ...]:
        return self.modules if self.kind is ModuleAction.INSTALL else ()

    @property
    def _plan(self) -> EnvironmentPlan:
        return EnvironmentPlan.of(self.deps.naming, self.row)
