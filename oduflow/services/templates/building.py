"""The parts that creating and importing a template share: its database, filestore and Odoo runs."""

from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.filestore.clone import prepare_volume, synchronise
from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import OdooCommand
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET, OdooConf
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import Attachment, ContainerSpec, ImageFacts, Mount, RunResult
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.odoo_log import explanation
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import Template
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.images import login_environment
from oduflow.services.move_journal import holding_off_moves
from oduflow.services.saga import OnStep, Saga, Step, record_steps
from oduflow.services.templates.delete import TemplateCleanup
from oduflow.services.templates.versions import publish_version
from oduflow.services.temporary import one_off_temporary, temporary_mounts

INSTALL_SECONDS = 3600.0


@dataclass(slots=True)
class TemplateWork:
    """The work on one template that is not ready yet.

    Attributes:
        row: the template as the steps have changed it so far.
        image: the facts of its Odoo image, with the user that its Odoo runs as.
        warnings: problems that do not fail the work.
    """

    deps: Deps
    call: Call
    row: Template
    image: ImageFacts
    warnings: list[str] = field(default_factory=list)
    plan: TemplatePlan = field(init=False)
    parts: TemplateCleanup = field(init=False)
    _step: Step = field(default=Step("", "", lambda: None), init=False)
    _place: tuple[int, int] = field(default=(0, 0), init=False)

    def __post_init__(self) -> None:
        self.plan = TemplatePlan.of(self.deps.naming, self.row)
        self.parts = TemplateCleanup(self.deps, self.plan)

    def run(self, name: str, steps: tuple[Step, ...]) -> Template:
        """Run the steps; when one fails, remove everything that was created."""
        Saga(name, steps, self.on_step(), self.deps.work.failpoints).run()
        return publish_version(self.deps, self.row)

    def on_step(self) -> OnStep:
        """Return what records and reports each step, and remembers it for further lines."""
        templates = self.deps.store.templates
        record = record_steps(
            lambda step: templates.update(self.row.id, step=step), self.call.report
        )

        def remember(step: Step, number: int, total: int) -> None:
            self._step, self._place = step, (number, total)
            record(step, number, total)

        return remember

    def tell(self, line: str) -> None:
        """Report a line of the current step."""
        self.call.report(self._step.name, f"{self._step.message}: {line}", *self._place)

    def reserve(self) -> None:
        """Write the row before the first side effect: recovery finds the rest through it."""
        limit, store = self.deps.settings.teams[self.row.team].max_templates, self.deps.store
        with holding_off_moves(self.deps.work.locks, store.facts, self.row.team):
            store.templates.add(self.row, limit=limit)

    def folder(self) -> None:
        """Create the folder for the configuration and the secrets."""
        make_folder(self.plan.folder)

    def database(self) -> None:
        """Create an empty database and the role that owns its objects, also after sealing."""
        name = self.plan.database
        cluster = self.deps.postgres.cluster(self.row.team)
        cluster.create_role(name, self.password, connection_limit=ROLE_CONNECTIONS)
        cluster.create_database(name, name)

    def volume(self) -> None:
        """Create an empty filestore volume that Odoo's user can write."""
        self.deps.engine.volumes.ensure(self.plan.volume, labels=self.plan.labels(self.row))
        root = self.deps.engine.volumes.mountpoint(self.plan.volume)
        prepare_volume(root, self.image.uid, self.image.gid)

    def configuration(self) -> None:
        """Write `odoo.conf` for the one-off containers."""
        conf = OdooConf(
            admin_passwd=odoo_hash(ensure_secret(self.plan.folder / "secrets" / "master_password")),
            db_host=self.deps.infrastructure.database_address(self.row.team),
            db_name=self.plan.database,
            db_user=self.plan.database,
            db_password=self.password,
        )
        make_folder(self.plan.conf.parent)
        uid, gid = self.image.uid, self.image.gid
        write_private(self.plan.conf, conf.render(), uid=uid, gid=gid)

    def assets(self) -> None:
        """Generate the asset bundles into the filestore."""
        self.succeeded(commands.generate_assets())

    def seal(self) -> None:
        """Close the database to connections, and delete the folder with its password."""
        synchronise(self.deps.engine.volumes.mountpoint(self.plan.volume))
        cluster = self.deps.postgres.cluster(self.row.team)
        cluster.seal_template(self.plan.database, self.plan.database)
        self.parts.remove_folder()

    def succeeded(self, command: OdooCommand) -> RunResult:
        """Run a command of Odoo's.

        Raises:
            UpstreamFailed: it ended with another exit code than 0.
        """
        result = self.one_off(command)
        if result.exit_code != 0:
            code, limit = result.exit_code, self.deps.settings.teams[self.row.team].memory_mb
            ended = f"ended with exit code {code}"
            if result.out_of_memory:
                ended = f"reached its limit of {limit} MiB of memory"
            raise UpstreamFailed(
                f"Odoo {ended} while the template was made.",
                "The output says why; check the image and the modules.",
                output=explanation(result.output),
                whole=result.output,
            )
        return result

    def one_off(self, command: OdooCommand) -> RunResult:
        """Run a command in a throw-away container of the image, on the template's database."""
        self.parts.remove_one_off()
        with one_off_temporary(self.plan, self.image) as temporary:
            return self._run(command, temporary)

    def _run(self, command: OdooCommand, temporary: Path) -> RunResult:
        spec = ContainerSpec(
            name=self.plan.one_off,
            image=self.image.id,
            labels=self.plan.naming.labels("once", id=self.row.id, team=self.row.team),
            entrypoint=command.entrypoint,
            command=command.arguments,
            user=f"{self.image.uid}:{self.image.gid}",
            environment=login_environment(self.image),
            mounts=(
                Mount("volume", DATA_TARGET, self.plan.volume, read_only=False),
                Mount("bind", CONF_TARGET, str(self.plan.conf)),
                *temporary_mounts(temporary),
            ),
            networks=(Attachment(self.deps.naming.team_network(self.row.team)),),
            limits=self.deps.limits(self.row.team),
            outside_names=False,
        )
        with self.call.boot_slot(BootKind.INSTALL):
            result = self.deps.engine.containers.run_one_off(
                spec,
                timeout=INSTALL_SECONDS,
                monitor=ProgressMonitor(cancelled=self.call.cancelled),
            )
        self.call.raise_if_cancelled()
        return result

    @property
    def tenant(self) -> Tenant:
        """The database, as its own role."""
        return self.deps.postgres.tenant(self.row.team, self.plan.database, self.password)

    @property
    def password(self) -> str:
        """The password of the database's role, until the template is sealed."""
        return ensure_secret(self.plan.folder / "secrets" / "database_password")
