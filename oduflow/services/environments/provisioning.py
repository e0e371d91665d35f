"""Create an environment: from a call to an Odoo that serves, or to nothing at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Unpack

from oduflow.adapters.filestore.clone import clone_filestore, prepare_volume
from oduflow.adapters.odoo.addons import find_addons
from oduflow.adapters.odoo.addons_path import addons_path
from oduflow.adapters.odoo.conf import OdooConf
from oduflow.adapters.postgres.databases import Strategy
from oduflow.adapters.store import EnvironmentChanges
from oduflow.domain.container import ImageFacts, RunResult
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Conflict, Invalid, NotFound, OdooFailed
from oduflow.domain.odoo_log import error_name, explanation, unknown_modules
from oduflow.domain.outcome import ErrorView
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import Template
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments import python_deps
from oduflow.services.environments.boot import boot, create_container, halt, take_port
from oduflow.services.environments.cleanup import EnvironmentCleanup
from oduflow.services.environments.container import install_spec
from oduflow.services.extra_repos import checkouts as extra_checkouts
from oduflow.services.saga import KeptForInspection, Saga, Step

ROLE_CONNECTIONS = 20
ODOO_CONNECTIONS = 16
TEMPLATE_WAIT_SECONDS = 10.0
INSTALL_SECONDS = 1800.0
FILE_COPY_FROM = 256 << 20  # bytes of a template from which copying files beats writing WAL


def provision(
    deps: Deps, call: Call, row: Environment, template: Template, image: ImageFacts
) -> Environment:
    """Make everything the row names and serve it; on failure, remove what was made.

    A module that fails to install or breaks Odoo at boot leaves the environment `failed`, with
    the last lines of its traceback, for inspection.

    Raises:
        Failure: why it was not made.
    """
    work = Provisioning(deps, call, row, template, image)
    saga = Saga("create", work.steps(), work.began, deps.work.failpoints)
    try:
        saga.run()
    except KeptForInspection as kept:
        work.keep_as_failed(ErrorView.of(kept.failure))
        raise kept.failure from kept.failure.__cause__
    return deps.store.environments.update(
        row.id, state=EnvironmentState.RUNNING, step="", job="", error=None
    )


@dataclass(slots=True)
class Provisioning:
    """The steps of one creation, and what they learn on the way."""

    deps: Deps
    call: Call
    row: Environment
    template: Template
    image: ImageFacts
    plan: EnvironmentPlan = field(init=False)
    parts: EnvironmentCleanup = field(init=False)

    def __post_init__(self) -> None:
        self.plan = EnvironmentPlan.of(self.deps.naming, self.row)
        self.parts = EnvironmentCleanup(self.deps, self.plan)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; each undo removes what its step makes, if it is there."""
        parts = self.parts
        return (
            Step("reserve", "reserving the name", self.reserve, parts.remove_row),
            Step("checkout", "checking out the branch", self.checkout, parts.remove_folder),
            Step("extra", "checking out extra repos", self.extra, parts.release_extra),
            Step("python", "installing Python requirements", self.python, parts.remove_one_off),
            Step("database", "cloning the database", self.database, parts.remove_database),
            Step("filestore", "cloning the filestore", self.filestore, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("modules", "installing modules", self.modules, parts.remove_one_off, keeps=True),
            Step("container", "creating the container", self.container, parts.remove_container),
            Step("serving", "starting Odoo", self.serving, keeps=True),
        )

    def began(self, step: Step, number: int, total: int) -> None:
        """Remember and tell which step begins."""
        if number > 1:
            self.deps.store.environments.update(self.row.id, step=step.name)
        self.call.report(step.name, step.message, number, total)

    def keep_as_failed(self, error: ErrorView) -> None:
        """Leave what was made in place, stopped."""
        halt(self.deps, self.plan, timeout=2)
        self.deps.store.environments.update(
            self.row.id, state=EnvironmentState.FAILED, step="", job="", error=error
        )

    def reserve(self) -> None:
        """Write the row, before anything else happens.

        The template's lock keeps it from being deleted between the look and the row.
        """
        team = self.deps.settings.teams[self.row.team]
        key = LockKey.template(team.id, self.template.name)
        with self.deps.work.locks.acquire(key, "create_environment", wait=TEMPLATE_WAIT_SECONDS):
            if self.deps.store.templates.by_id(self.template.id) is None:
                raise Conflict(
                    f"Template {self.template.name} was deleted meanwhile.",
                    "list_templates shows those there are.",
                )
            self.deps.store.environments.add(self.row, limit=team.max_environments)
        self._learn(port=take_port(self.deps, self.row))

    def checkout(self) -> None:
        """Check the branch out and find its modules."""
        row = self.row
        make_folder(self.plan.folder)
        try:
            commit = self._checked_out()
        except NotFound:
            # The remote tells which branches there are, at the price of asking it again.
            self.deps.git.repositories.resolve_branch(row.repo_url, row.branch, team=row.team)
            raise
        addons = find_addons(self.plan.checkout, self.call.raise_if_cancelled)
        if not addons.modules and not addons.root_is_module:
            raise Invalid(
                f"{row.repo_url} holds no Odoo module on branch {row.branch}.",
                "A module is a folder with an installable __manifest__.py, at most four deep.",
            )
        self._learn(
            commit=commit,
            addons=addons_path(row.repo_url, addons.folders, root_is_module=addons.root_is_module),
        )

    def extra(self) -> None:
        """Put its extra repos on the addons path, after the checkout, before Odoo's own."""
        self.row = extra_checkouts.give(self.deps, self.call, self.row, self._tell("extra"))

    def python(self) -> None:
        """Install what the repositories require, once per image and files."""
        key = python_deps.ensure(
            self.deps,
            self.plan,
            self.image,
            self.deps.limits(self.row.team),
            self._monitor("python"),
            extra_checkouts.checkouts(self.deps, self.row),
        )
        self._learn(python_deps=key)

    def database(self) -> None:
        """Clone the template's database for a role of its own, with a password nobody knew."""
        name, source = self.plan.database, self._template.database
        password = ensure_secret(self.plan.secrets / "database_password")
        cluster = self.deps.postgres.cluster
        cluster.create_role(name, password, connection_limit=ROLE_CONNECTIONS)
        large = cluster.database_size(source) >= FILE_COPY_FROM
        how: Strategy = "file_copy" if large else "wal_log"
        stop = self.call.cancelled
        cluster.clone_database(source, name, name, strategy=how, cancelled=stop)
        cluster.hand_over(name, from_role=source, to_role=name, password=password, cancelled=stop)
        secret = ensure_secret(self.plan.secrets / "admin_password")
        tenant = self.deps.postgres.tenant(name, password)
        tenant.set_admin_password(odoo_hash(secret))
        # Else all clones of a template would sign sessions with one secret.
        tenant.renew_secrets()

    def filestore(self) -> None:
        """Clone the template's filestore into a volume of its own."""
        volumes = self.deps.engine.volumes
        labels = self.plan.naming.labels("environment", id=self.row.id, team=self.row.team)
        volumes.ensure(self.plan.volume, labels=labels)
        root = volumes.mountpoint(self.plan.volume)
        prepare_volume(root, self.image.uid, self.image.gid)
        source = volumes.mountpoint(self._template.volume)
        clone_filestore(source, self._template.database, root, self.plan.database)

    def configuration(self) -> None:
        """Write `odoo.conf` for Odoo's user alone."""
        write_configuration(self.deps, self.plan, self.row, self.image)

    def modules(self) -> None:
        """Install the asked-for modules where nobody can reach it yet, and prove it."""
        if not self.row.modules:
            return
        with self.call.boot_slot():
            result = self.deps.engine.containers.run_one_off(
                install_spec(self.plan, self.row, self.image, self.deps.limits(self.row.team)),
                timeout=INSTALL_SECONDS,
                monitor=ProgressMonitor(cancelled=self.call.cancelled),
            )
        self.call.raise_if_cancelled()
        prove_installed(self.deps, self.plan, self.row, result)

    def container(self) -> None:
        """Make the container, stopped."""
        create_container(self.deps, self.plan, self.row)

    def serving(self) -> None:
        """Start it and wait for its first page."""
        self.row = boot(self.deps, self.call, self.plan, self.row)

    @property
    def _template(self) -> TemplatePlan:
        return TemplatePlan.of(self.deps.naming, self.template)

    def _checked_out(self) -> str:
        return self.deps.git.repositories.checkout(
            self.row.repo_url,
            self.row.branch,
            team=self.row.team,
            git_dir=self.plan.git_dir,
            work_tree=self.plan.checkout,
            monitor=self._monitor("checkout"),
        )

    def _learn(self, **facts: Unpack[EnvironmentChanges]) -> None:
        self.row = self.deps.store.environments.update(self.row.id, **facts)

    def _monitor(self, step: str) -> ProgressMonitor:
        return ProgressMonitor(self._tell(step), self.call.cancelled)

    def _tell(self, step: str) -> Callable[[str], None]:
        steps = [known.name for known in self.steps()]
        return lambda line: self.call.report(step, line, steps.index(step) + 1, len(steps))


def write_configuration(
    deps: Deps, plan: EnvironmentPlan, row: Environment, image: ImageFacts
) -> None:
    """Write an environment's `odoo.conf`: 0600, Odoo's own, below a folder only we may enter."""
    conf = OdooConf(
        admin_passwd=odoo_hash(ensure_secret(plan.secrets / "master_password")),
        db_host=deps.infrastructure.database_address(row.team),
        db_name=plan.database,
        db_user=plan.database,
        db_password=ensure_secret(plan.secrets / "database_password"),
        db_maxconn=ODOO_CONNECTIONS,
        addons_path=row.addons,
        proxy_mode=deps.settings.routing.mode == "traefik",
    )
    make_folder(plan.conf.parent)
    write_private(plan.conf, conf.render(), uid=image.uid, gid=image.gid)


def prove_installed(deps: Deps, plan: EnvironmentPlan, row: Environment, result: RunResult) -> None:
    """Believe an installation only when the database says so; Odoo exits 0 on failures too.

    Raises:
        OdooFailed: a module is not installed; `output` explains.
    """
    password = ensure_secret(plan.secrets / "database_password")
    states = deps.postgres.tenant(plan.database, password).module_states(row.modules)
    missing = [name for name in row.modules if states.get(name) != "installed"]
    if not missing and result.exit_code == 0:
        return
    hint = f"Fix the module, push, then delete_environment name={row.name} and create it again."
    absent = sorted(unknown_modules(result.output) & set(missing))
    if absent:
        held = find_addons(plan.checkout).modules
        hint = f"The repository holds: {', '.join(held)}." if held else hint
        message = f"No module {', '.join(absent)}, neither in the repository nor in the image."
    elif result.out_of_memory:
        limit = deps.settings.teams[row.team].memory_mb
        message = f"Odoo reached its limit of {limit} MiB of memory while it installed modules."
    elif missing:
        told = ", ".join(name + _why(states.get(name)) for name in missing)
        cause = error_name(result.output)
        message = f"Not installed: {told}{f': {cause}' if cause else ''}."
    else:
        message = f"Odoo ended with exit code {result.exit_code}."
    raise OdooFailed(message, hint, output=explanation(result.output))


def _why(state: str | None) -> str:
    """Say a state that tells something; a failed installation takes its traces back."""
    return f" ({state})" if state not in {None, "uninstalled"} else ""
