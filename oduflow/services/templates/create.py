"""Create a template: return the one that exists, or install a new Odoo and seal its database."""

from dataclasses import dataclass, field
from difflib import get_close_matches

from oduflow.adapters.filestore.clone import make_durable, prepare_volume
from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.commands import OdooCommand
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET, OdooConf
from oduflow.domain.addons import CheckoutReport
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.clock import now
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import Attachment, ContainerSpec, ImageFacts, Mount, RunResult
from oduflow.domain.differences import differences_between
from oduflow.domain.errors import Conflict, Invalid, UpstreamFailed
from oduflow.domain.module_checks import Available, Packages, refuse_uninstallable
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import explanation
from oduflow.domain.outcome import Outcome
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import BASE, CreateTemplate, Template, TemplateState, TemplateView
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.image_inventory import ensure_inventory
from oduflow.services.images import (
    check_repository,
    check_user,
    choose_image,
    ensure_image,
    login_environment,
    run_as,
)
from oduflow.services.module_installation import installation_problem
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.saga import RESERVE, Saga, Step, record_steps
from oduflow.services.templates.delete import TemplateCleanup, remove_template
from oduflow.services.templates.view import template_view

INSTALL_SECONDS = 3600.0


def check_template(deps: Deps, args: CreateTemplate) -> None:
    """Refuse an image that is not of the configured repository, or not of the requested version.

    Raises:
        Invalid: the image is refused.
    """
    _image(deps, args)


def _image(deps: Deps, args: CreateTemplate) -> str:
    pattern = deps.settings.images.odoo
    check_repository(pattern, args.odoo_image)
    return choose_image(pattern, args.odoo_image, args.odoo_version)


def ensure_template(deps: Deps, call: Call, args: CreateTemplate) -> Outcome[TemplateView]:
    """Return the template if it exists, else create it.

    Raises:
        Conflict: a template of that name exists and differs.
        Invalid: this Odoo does not know the language or the country.
        Failure: it could not be created, and everything created for it was removed; the failure
            suggests the call again.
    """
    with suggesting_retry(retry_of("create_template", args)):
        return _ensure(deps, call, args)


def _ensure(deps: Deps, call: Call, args: CreateTemplate) -> Outcome[TemplateView]:
    wanted = Template(
        id=new_id(),
        team=call.actor.team,
        name=args.name,
        odoo_image=_image(deps, args),
        modules=tuple(sorted(set(args.modules))),
        state=TemplateState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        demo=args.demo,
        language=args.language or "",
        country=args.country or "",
        step="reserve",
        job=call.job,
    )
    existing = deps.store.templates.get(wanted.team, wanted.name)
    if existing is not None and existing.state is TemplateState.READY:
        _refuse_differences(existing, wanted)
        shown = template_view(deps.store.environments, existing)
        return Outcome(shown, f"Template {wanted.name} exists already.")
    if existing is not None:
        # This call holds the name's lock, so the process that began the row is dead.
        remove_template(deps, existing)
    deps.infrastructure.require(wanted.team, lambda line: call.report("database", line))
    facts = ensure_image(
        deps.engine.images,
        deps.settings.images.odoo,
        wanted.odoo_image,
        lambda line: call.report("image", line),
    )
    check_user(facts)
    facts = run_as(facts, deps.engine.team_user(wanted.team))
    work = TemplateBuild(deps, call, wanted, facts)
    made = work.build()
    return Outcome(
        template_view(deps.store.environments, made),
        f"Template {made.name} is ready.",
        warnings=tuple(work.warnings),
        next=(Next.of("create_environment", "clones it", template=made.name),),
    )


def _refuse_differences(existing: Template, wanted: Template) -> None:
    """Refuse to create another template under an existing name.

    Raises:
        Conflict: names each difference.
    """
    keys = ("odoo_image", "modules", "demo", "language", "country")
    differing = differences_between(
        {key: (getattr(existing, key), getattr(wanted, key)) for key in keys}
    )
    if differing:
        raise Conflict(
            f"Template “{existing.name}” exists already and differs: {'; '.join(differing)}.",
            "Choose another name, or delete the existing one first.",
            Next.of("list_templates", "shows the existing ones"),
        )


@dataclass(slots=True)
class TemplateBuild:
    """The steps that create one template.

    Attributes:
        warnings: problems that do not fail the creation.
    """

    deps: Deps
    call: Call
    row: Template
    image: ImageFacts
    warnings: list[str] = field(default_factory=list)
    plan: TemplatePlan = field(init=False)
    parts: TemplateCleanup = field(init=False)

    def __post_init__(self) -> None:
        self.plan = TemplatePlan.of(self.deps.naming, self.row)
        self.parts = TemplateCleanup(self.deps, self.plan)

    def build(self) -> Template:
        """Run the steps; when one fails, remove everything that was created."""
        templates = self.deps.store.templates
        on_step = record_steps(
            lambda step: templates.update(self.row.id, step=step), self.call.report
        )
        Saga("template", self.steps(), on_step, self.deps.work.failpoints).run()
        return templates.update(self.row.id, state=TemplateState.READY, step="", job="")

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order."""
        parts = self.parts
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("check", "checking the modules", self.check, parts.remove_one_off),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("database", "making an empty database", self.database, parts.remove_database),
            Step("volume", "making an empty filestore", self.volume, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("base", "installing Odoo's base", self.base, parts.remove_one_off),
            Step("modules", "installing modules", self.modules, parts.remove_one_off),
            Step("assets", "generating assets", self.assets, parts.remove_one_off),
            Step("seal", "sealing the template", self.seal),
        )

    def reserve(self) -> None:
        """Write the row before the first side effect: recovery finds the rest through it."""
        limit = self.deps.settings.teams[self.row.team].max_templates
        self.deps.store.templates.add(self.row, limit=limit)

    def check(self) -> None:
        """Refuse modules that the image has not, before Odoo's base is installed.

        Raises:
            NotFound: the image has no such module; the message names a similar one.
        """
        if self.row.modules:
            inventory = ensure_inventory(self.deps, self.call, self.plan, self.image)
            available = Available.of(self.row.odoo_image, inventory, CheckoutReport(), Packages())
            refuse_uninstallable(available, self.row.modules, installed=BASE)

    def folder(self) -> None:
        """Create the folder for the configuration and the secrets."""
        make_folder(self.plan.folder)

    def database(self) -> None:
        """Create an empty database and the role that owns its objects, also after sealing."""
        name = self.plan.database
        password = self._password()
        cluster = self.deps.postgres.cluster(self.row.team)
        cluster.create_role(name, password, connection_limit=ROLE_CONNECTIONS)
        cluster.create_database(name, name)
        self.deps.postgres.tenant(self.row.team, name, password).prepare_empty()

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

    def base(self) -> None:
        """Install base and web, then choose the language and the company's country.

        Raises:
            Invalid: this Odoo does not know the language or the country.
        """
        row = self.row
        result = self._succeeded(
            commands.create_database(demo=row.demo, language=row.language, country=row.country)
        )
        report = commands.database_report(result.output)
        if report.refused:
            value = getattr(row, report.refused)
            close = get_close_matches(value, report.known, n=3, cutoff=0.3)
            raise Invalid(
                f"Odoo of {row.odoo_image} has no {report.refused} {value}.",
                f"Did you mean {' or '.join(close)}?" if close else "",
            )
        if report.untranslated:
            self.warnings.append(
                f"{row.odoo_image} holds no translations: {row.language} is active, and texts stay "
                "English. Docker Hub's images hold them."
            )
        self._prove_installed(BASE, result)

    def modules(self) -> None:
        """Install the requested modules after the country, which chooses their localization."""
        if self.row.modules:
            result = self._one_off(commands.install(self.row.modules))
            self._prove_installed(self.row.modules, result)

    def assets(self) -> None:
        """Generate the asset bundles into the filestore."""
        self._succeeded(commands.generate_assets())

    def seal(self) -> None:
        """Close the database to connections, and delete the folder with its password."""
        make_durable(self.deps.engine.volumes.mountpoint(self.plan.volume))
        cluster = self.deps.postgres.cluster(self.row.team)
        cluster.seal_template(self.plan.database, self.plan.database)
        self.parts.remove_folder()

    def _prove_installed(self, wanted: tuple[str, ...], result: RunResult) -> None:
        """Check the modules in the database; Odoo exits with 0 when an installation failed."""
        tenant = self.deps.postgres.tenant(self.row.team, self.plan.database, self._password())
        memory = self.deps.settings.teams[self.row.team].memory_mb
        problem = installation_problem(wanted, tenant.module_states(wanted), result, memory)
        if problem:
            raise UpstreamFailed(
                problem,
                f"Leave the module out, or choose another image than {self.row.odoo_image}.",
                output=explanation(result.output),
                whole=result.output,
            )

    def _succeeded(self, command: OdooCommand) -> RunResult:
        result = self._one_off(command)
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

    def _one_off(self, command: OdooCommand) -> RunResult:
        self.parts.remove_one_off()
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

    def _password(self) -> str:
        return ensure_secret(self.plan.folder / "secrets" / "database_password")
