"""Make and remove templates: a fresh Odoo, its assets generated, sealed."""

import shutil
from dataclasses import dataclass, field
from importlib import resources

from oduflow.adapters.filestore.clone import prepare_volume
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET, OdooConf
from oduflow.domain.container import Attachment, ContainerSpec, ImageFacts, Mount
from oduflow.domain.errors import NotFound, UpstreamFailed
from oduflow.domain.odoo_log import explanation
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import Template, TemplateState
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.saga import Saga, Step

INSTALL_SECONDS = 3600.0
BUILD_CONNECTIONS = 20


def find(deps: Deps, team: str, name: str) -> Template:
    """Return the team's template.

    Raises:
        NotFound: the team has none of that name.
    """
    row = deps.templates.get(team, name)
    if row is None:
        raise NotFound(f"There is no template “{name}”.", "list_templates shows those there are.")
    return row


def build(deps: Deps, call: Call, row: Template, image: ImageFacts) -> Template:
    """Make everything the row names and seal it; on failure, remove what was made.

    Raises:
        Failure: why it was not made.
    """
    work = TemplateBuild(deps, call, row, image)
    Saga("template", work.steps(), work.began, deps.failpoints).run()
    return deps.templates.update(row.id, state=TemplateState.READY, step="", job="")


def remove(deps: Deps, row: Template) -> None:
    """Remove a template; safe to repeat after a kill between any two lines."""
    deps.templates.update(row.id, state=TemplateState.DELETING)
    parts = TemplateParts(deps, TemplatePlan.of(deps.naming, row))
    parts.remove_one_off()
    parts.remove_database()
    parts.remove_volume()
    parts.remove_folder()
    parts.remove_row()


@dataclass(frozen=True, slots=True)
class TemplateParts:
    """The removable parts of one template; every removal may be repeated."""

    deps: Deps
    plan: TemplatePlan

    def remove_one_off(self) -> None:
        """Remove the throw-away container that a killed process left behind."""
        self.deps.containers.remove(self.plan.one_off)

    def remove_database(self) -> None:
        """Drop the database and the role that owns its objects."""
        self.deps.cluster.drop_database(self.plan.database)
        self.deps.cluster.drop_role(self.plan.database)

    def remove_volume(self) -> None:
        """Remove the filestore."""
        self.deps.volumes.remove(self.plan.volume)

    def remove_folder(self) -> None:
        """Remove the configuration and the secrets."""
        if self.plan.folder.exists():
            shutil.rmtree(self.plan.folder)

    def remove_row(self) -> None:
        """Forget the template; the last thing to go."""
        self.deps.templates.remove(self.plan.id)


@dataclass(slots=True)
class TemplateBuild:
    """The steps of one template."""

    deps: Deps
    call: Call
    row: Template
    image: ImageFacts
    plan: TemplatePlan = field(init=False)
    parts: TemplateParts = field(init=False)

    def __post_init__(self) -> None:
        self.plan = TemplatePlan.of(self.deps.naming, self.row)
        self.parts = TemplateParts(self.deps, self.plan)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order."""
        parts = self.parts
        return (
            Step("reserve", "reserving the name", self.reserve, parts.remove_row),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("database", "making an empty database", self.database, parts.remove_database),
            Step("volume", "making an empty filestore", self.volume, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("modules", "installing Odoo's modules", self.modules, parts.remove_one_off),
            Step("assets", "generating assets", self.assets, parts.remove_one_off),
            Step("seal", "sealing the template", self.seal),
        )

    def began(self, step: Step, number: int, total: int) -> None:
        """Remember and tell which step begins."""
        if number > 1:
            self.deps.templates.update(self.row.id, step=step.name)
        self.call.report(step.name, step.message, number, total)

    def reserve(self) -> None:
        """Write the row, before anything else happens."""
        self.deps.templates.add(self.row)

    def folder(self) -> None:
        """Make the folder of the configuration and the secrets."""
        make_folder(self.plan.folder)

    def database(self) -> None:
        """Make an empty database, owned by the role that its objects stay with."""
        name = self.plan.database
        password = self._password()
        self.deps.cluster.create_role(name, password, connection_limit=BUILD_CONNECTIONS)
        self.deps.cluster.create_database(name, name)
        self.deps.tenant(name, password).prepare_empty()

    def volume(self) -> None:
        """Make an empty filestore."""
        self.deps.volumes.ensure(self.plan.volume, labels=self.plan.labels(self.row))
        root = self.deps.volumes.mountpoint(self.plan.volume)
        prepare_volume(root, self.image.uid, self.image.gid)

    def configuration(self) -> None:
        """Write `odoo.conf` for the throw-away containers."""
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
        """Install base, web and the asked-for modules, and prove it."""
        wanted = ("base", "web", *self.row.modules)
        options = ("--init", ",".join(wanted), "--stop-after-init", "--no-http")
        output = self._one_off(("odoo",), ("--config", CONF_TARGET, *options))
        states = self.deps.tenant(self.plan.database, self._password()).module_states(wanted)
        missing = [name for name in wanted if states.get(name) != "installed"]
        if missing:
            raise UpstreamFailed(
                f"Not installed: {', '.join(missing)}.",
                "Check the names; Odoo's own modules and the image's are available.",
                output=explanation(output),
            )

    def assets(self) -> None:
        """Generate the asset bundles into the filestore."""
        script = (resources.files("oduflow.adapters.odoo") / "pregenerate.py").read_text("utf-8")
        self._one_off(("python3", "-c", script), (CONF_TARGET,))

    def seal(self) -> None:
        """Let nobody in any more, and forget the password."""
        self.deps.cluster.seal_template(self.plan.database, self.plan.database)
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
            result = self.deps.containers.run_one_off(
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
            )
        return result.output

    def _password(self) -> str:
        return ensure_secret(self.plan.folder / "secrets" / "database_password")
