"""Create an environment's container and start Odoo: the steps that creation and rebuild share."""

from dataclasses import dataclass, field, replace
from typing import Unpack

from oduflow.adapters.odoo import commands
from oduflow.adapters.store import EnvironmentChanges
from oduflow.domain.addons import MAX_WARNINGS, CheckoutReport, ImageInventory
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Failure, UpstreamFailed
from oduflow.domain.module_checks import Available, refuse_uninstallable, warnings_of
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import BASE
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments import python_deps
from oduflow.services.environments.addons import no_module, read_addons, write_report
from oduflow.services.environments.boot import boot, create_container, stop_container
from oduflow.services.environments.cleanup import EnvironmentCleanup
from oduflow.services.environments.container import PYTHON_TARGET
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.installation import (
    prove_installed,
    run_beside_odoo,
    write_configuration,
)
from oduflow.services.environments.python_packages import installed_packages, may_install_addons
from oduflow.services.extra_repos import checkouts as extra_checkouts
from oduflow.services.image_inventory import ensure_inventory
from oduflow.services.saga import Step, nothing


@dataclass(slots=True)
class Provisioning:
    """The steps from extra repos to a serving Odoo, for an environment that has its data.

    Attributes:
        row: the environment as the steps have changed it so far.
        inventory: what the image has, from the step `addons` on.
        report: what the checkouts hold, from the same step on.
    """

    deps: Deps
    call: Call
    row: Environment
    image: ImageFacts
    plan: EnvironmentPlan = field(init=False)
    parts: EnvironmentCleanup = field(init=False)
    inventory: ImageInventory = field(default=ImageInventory(), init=False)
    report: CheckoutReport = field(default=CheckoutReport(), init=False)
    _step: str = field(default="", init=False)
    _position: tuple[int, int] = field(default=(0, 0), init=False)

    def __post_init__(self) -> None:
        self.plan = EnvironmentPlan.of(self.deps.naming, self.row)
        self.parts = EnvironmentCleanup(self.deps, self.plan)

    def steps(self) -> tuple[Step, ...]:
        """List the steps that create the container again and keep the data.

        A failure keeps everything for inspection: only a creation that failed releases its extra
        repos.
        """
        extra, *others = self.container_steps()
        kept = (replace(extra, undo=nothing), *others)
        return tuple(replace(step, keeps=True) for step in kept)

    def container_steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = self.parts
        return (
            Step("extra", "checking out extra repos", self.extra, parts.release_extra),
            Step("addons", "reading the modules", self.addons, parts.remove_one_off),
            Step("python", "installing Python requirements", self.python, parts.remove_one_off),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("modules", "installing modules", self.modules, parts.remove_one_off, keeps=True),
            Step("container", "creating the container", self.container, parts.remove_container),
            Step("serving", "starting Odoo", self.serving, keeps=True),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins; `_tell` reports further lines under its name."""
        self._step, self._position = step.name, (number, total)
        self.call.report(step.name, step.message, number, total)

    def keep_as_failed(self, failure: Failure) -> None:
        """Stop the container, keep everything, and record the environment as failed."""
        stop_container(self.deps.engine.containers, self.plan, timeout=2)
        mark_failed(self.deps.store.environments, self.deps.work.outputs, self.row, failure)

    def extra(self) -> None:
        """Check out the extra repos."""
        self.row = extra_checkouts.check_out_extra_repos(self.deps, self.call, self.row, self._tell)

    def addons(self) -> None:
        """Read the modules, put them on the addons path, and refuse what cannot be installed."""
        self.inventory = ensure_inventory(self.deps, self.call, self.plan, self.image)
        self.report, path = read_addons(
            self.deps.naming, self.deps.settings, self.call, self.row, self.inventory
        )
        write_report(self.plan, self.report)
        self._learn(addons=path)
        extra = extra_checkouts.checkout_folders(self.deps.naming, self.row)
        files = python_deps.requirements_of(self.deps.settings, self.plan, extra)
        if not may_install_addons(files, self.inventory):
            self._refuse_uninstallable(libraries=False)

    def python(self) -> None:
        """Install the repositories' requirements, once for each image and set of files.

        Odoo addons among them come last on the addons path.
        """
        try:
            key = self._install_requirements()
        except (Conflict, UpstreamFailed) as failure:
            # They may ask for another Odoo, as the modules of a repository of another series do.
            if self.row.addons or not self.report.warnings:
                raise
            raise no_module(self.deps.naming, self.row, self.report) from failure
        addons = tuple(each for each in self.row.addons if not each.startswith(PYTHON_TARGET))
        addons += python_deps.addons_folder(self.deps.naming, self.row.team, key)
        self._learn(python_deps=key, addons=addons)
        if not addons:
            raise no_module(self.deps.naming, self.row, self.report)
        available = self._refuse_uninstallable(libraries=True)
        warnings = (*self.report.warnings, *warnings_of(available))
        self.report = self.report.model_copy(update={"warnings": warnings[:MAX_WARNINGS]})
        write_report(self.plan, self.report)

    def _install_requirements(self) -> str:
        return python_deps.ensure(
            self.deps,
            self.plan,
            self.image,
            self.deps.limits(self.row.team),
            self._monitor(),
            extra_checkouts.checkout_folders(self.deps.naming, self.row),
        )

    def configuration(self) -> None:
        """Write `odoo.conf`, readable only by Odoo's user."""
        write_configuration(
            self.deps.infrastructure, self.deps.settings, self.plan, self.row, self.image
        )

    def modules(self) -> None:
        """Install the requested modules in a container without ports, and check that they are."""
        if not self.row.modules:
            return
        command = commands.install(self.row.modules)
        result = run_beside_odoo(self.deps, self.call, self.row, self.image, command)
        prove_installed(self.deps.postgres, self.deps.settings, self.plan, self.row, result)

    def container(self) -> None:
        """Create the container, stopped."""
        create_container(self.deps, self.plan, self.row)

    def serving(self) -> None:
        """Start the container and wait until its Odoo serves."""
        self.row = boot(self.deps, self.call, self.plan, self.row, self._tell)

    def _available(self) -> Available:
        row, packages = (
            self.row,
            installed_packages(self.deps.naming, self.row, self.inventory.rules),
        )
        return Available.of(row.odoo_image, self.inventory, self.report, packages)

    def _refuse_uninstallable(self, *, libraries: bool) -> Available:
        row, available = self.row, self._available()
        template = self.deps.store.templates.by_id(row.template_id)
        installed = (*BASE, *(template.modules if template is not None else ()))
        refuse_uninstallable(available, row.modules, installed=installed, libraries=libraries)
        return available

    def _learn(self, **facts: Unpack[EnvironmentChanges]) -> None:
        self.row = self.deps.store.environments.update(self.row.id, **facts)

    def _monitor(self) -> ProgressMonitor:
        return ProgressMonitor(self._tell, self.call.cancelled)

    def _tell(self, line: str) -> None:
        self.call.report(self._step, line, *self._position)
