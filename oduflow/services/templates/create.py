"""Create a template: return the one that exists, or install a new Odoo and seal its database."""

from dataclasses import dataclass, field
from importlib import resources

from oduflow.adapters.filestore.clone import prepare_volume
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET, OdooConf
from oduflow.domain.clock import now
from oduflow.domain.container import Attachment, ContainerSpec, ImageFacts, Mount
from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.names import new_id
from oduflow.domain.odoo_log import explanation
from oduflow.domain.outcome import Outcome
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import CreateTemplate, Template, TemplateState, TemplateView
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.images import check_repository, check_user
from oduflow.services.saga import RESERVE, Saga, Step, record_steps
from oduflow.services.templates.delete import TemplateCleanup, remove_template
from oduflow.services.templates.view import template_view

DEFAULT_VERSION = "19.0"
INSTALL_SECONDS = 3600.0
BUILD_CONNECTIONS = 20


def ensure_template(deps: Deps, call: Call, args: CreateTemplate) -> Outcome[TemplateView]:
    """Return the template if it exists, else create it.

    Raises:
        Conflict: a template of that name exists with another image or other modules.
        Failure: it could not be created, and everything created for it was removed.
    """
    image = args.odoo_image or deps.settings.images.odoo.format(version=DEFAULT_VERSION)
    modules = tuple(sorted(set(args.modules)))
    existing = deps.store.templates.get(call.actor.team, args.name)
    if existing is not None and existing.state is TemplateState.READY:
        if (existing.odoo_image, existing.modules) != (image, modules):
            raise Conflict(
                f"Template “{args.name}” exists already with {existing.odoo_image} and modules "
                f"{', '.join(existing.modules) or 'none'}.",
                f"Choose another name, or delete_template name={args.name} first.",
            )
        shown = template_view(deps.store.environments, existing)
        return Outcome(shown, f"Template {args.name} exists already.")
    if existing is not None:
        # This call holds the name's lock, so the process that began the row is dead.
        remove_template(deps, existing)
    deps.infrastructure.require()
    check_repository(deps.settings.images.odoo, args.odoo_image)
    facts = deps.engine.images.ensure(image, lambda line: call.report("image", line))
    check_user(facts)
    row = Template(
        id=new_id(),
        team=call.actor.team,
        name=args.name,
        odoo_image=image,
        modules=modules,
        state=TemplateState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        step="reserve",
        job=call.job,
    )
    made = _build(deps, call, row, facts)
    return Outcome(
        template_view(deps.store.environments, made),
        f"Template {made.name} is ready.",
        next=(f"create_environment name=… repo_url=… template={made.name}",),
    )


def _build(deps: Deps, call: Call, row: Template, image: ImageFacts) -> Template:
    """Run the steps; when one fails, remove everything that was created."""
    work = TemplateBuild(deps, call, row, image)
    on_step = record_steps(lambda step: deps.store.templates.update(row.id, step=step), call.report)
    Saga("template", work.steps(), on_step, deps.work.failpoints).run()
    return deps.store.templates.update(row.id, state=TemplateState.READY, step="", job="")


@dataclass(slots=True)
class TemplateBuild:
    """The steps that create one template."""

    deps: Deps
    call: Call
    row: Template
    image: ImageFacts
    plan: TemplatePlan = field(init=False)
    parts: TemplateCleanup = field(init=False)

    def __post_init__(self) -> None:
        self.plan = TemplatePlan.of(self.deps.naming, self.row)
        self.parts = TemplateCleanup(self.deps, self.plan)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order."""
        parts = self.parts
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("database", "making an empty database", self.database, parts.remove_database),
            Step("volume", "making an empty filestore", self.volume, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("modules", "installing Odoo's modules", self.modules, parts.remove_one_off),
            Step("assets", "generating assets", self.assets, parts.remove_one_off),
            Step("seal", "sealing the template", self.seal),
        )

    def reserve(self) -> None:
        """Write the row before the first side effect: recovery finds the rest through it."""
        self.deps.store.templates.add(self.row)

    def folder(self) -> None:
        """Create the folder for the configuration and the secrets."""
        make_folder(self.plan.folder)

    def database(self) -> None:
        """Create an empty database and the role that owns its objects, also after sealing."""
        name = self.plan.database
        password = self._password()
        self.deps.postgres.cluster.create_role(name, password, connection_limit=BUILD_CONNECTIONS)
        self.deps.postgres.cluster.create_database(name, name)
        self.deps.postgres.tenant(name, password).prepare_empty()

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
            db_password=self._password(),
        )
        make_folder(self.plan.conf.parent)
        uid, gid = self.image.uid, self.image.gid
        write_private(self.plan.conf, conf.render(), uid=uid, gid=gid)

    def modules(self) -> None:
        """Install base, web and the requested modules, and check them in the database.

        Odoo exits with 0 when an installation failed, so its exit code proves nothing.
        """
        wanted = ("base", "web", *self.row.modules)
        options = ("--init", ",".join(wanted), "--stop-after-init", "--no-http")
        output = self._one_off(("odoo",), ("--config", CONF_TARGET, *options))
        states = self.deps.postgres.tenant(self.plan.database, self._password()).module_states(
            wanted
        )
        missing = [name for name in wanted if states.get(name) != "installed"]
        if missing:
            raise UpstreamFailed(
                f"Not installed: {', '.join(missing)}.",
                "Check the names; Odoo's own modules and the image's are available.",
                output=explanation(output),
                whole=output,
            )

    def assets(self) -> None:
        """Generate the asset bundles into the filestore."""
        script = (resources.files("oduflow.adapters.odoo") / "pregenerate.py").read_text("utf-8")
        self._one_off(("python3", "-c", script), (CONF_TARGET,))

    def seal(self) -> None:
        """Close the database to connections, and delete the folder with its password."""
        self.deps.postgres.cluster.seal_template(self.plan.database, self.plan.database)
        self.parts.remove_folder()

    def _one_off(self, entrypoint: tuple[str, ...], command: tuple[str, ...]) -> str:
        self.parts.remove_one_off()
        spec = ContainerSpec(
            name=self.plan.one_off,
            image=self.image.id,
            labels=self.plan.naming.labels("once", id=self.row.id, team=self.row.team),
            entrypoint=entrypoint,
            command=command,
            user=f"{self.image.uid}:{self.image.gid}",
            mounts=(
                Mount("volume", DATA_TARGET, self.plan.volume, read_only=False),
                Mount("bind", CONF_TARGET, str(self.plan.conf)),
            ),
            networks=(Attachment(self.deps.naming.team_network(self.row.team)),),
            limits=self.deps.limits(self.row.team),
            outside_names=False,
        )
        with self.call.boot_slot():
            result = self.deps.engine.containers.run_one_off(
                spec,
                timeout=INSTALL_SECONDS,
                monitor=ProgressMonitor(cancelled=self.call.cancelled),
            )
        self.call.raise_if_cancelled()
        if result.exit_code != 0:
            raise UpstreamFailed(
                f"Odoo ended with exit code {result.exit_code} while the template was made.",
                "The output says why; check the image and the modules.",
                output=explanation(result.output),
                whole=result.output,
            )
        return result.output

    def _password(self) -> str:
        return ensure_secret(self.plan.folder / "secrets" / "database_password")
