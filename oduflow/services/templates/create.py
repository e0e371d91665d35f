"""Create a template: return the one that exists, or install a new Odoo and seal its database."""

from difflib import get_close_matches

from oduflow.adapters.odoo import commands
from oduflow.domain.addons import CheckoutReport
from oduflow.domain.clock import now
from oduflow.domain.container import RunResult
from oduflow.domain.differences import differences_between
from oduflow.domain.errors import Conflict, Invalid, UpstreamFailed
from oduflow.domain.module_checks import Available, Packages, refuse_uninstallable
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import explanation
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import BASE, CreateTemplate, Template, TemplateState, TemplateView
from oduflow.files.usage import size_on_disk
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.image_inventory import ensure_inventory
from oduflow.services.images import (
    check_repository,
    check_user,
    choose_image,
    ensure_image,
    run_as,
)
from oduflow.services.module_installation import installation_problem
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import NEW_ODOO_BYTES, require_infrastructure, require_room
from oduflow.services.saga import RESERVE, Step
from oduflow.services.templates.backup_version import odoo_version
from oduflow.services.templates.building import TemplateWork
from oduflow.services.templates.versions import as_new_version, remove_unfinished
from oduflow.services.templates.view import template_view
from oduflow.settings import Settings

INSTALL_SECONDS = 3600.0


def check_template(deps: Deps, args: CreateTemplate) -> None:
    """Refuse an image that is not of the configured repository, or not of the requested version.

    Raises:
        Invalid: the image is refused.
    """
    _image(deps.settings, args)


def _image(settings: Settings, args: CreateTemplate) -> str:
    pattern = settings.images.odoo
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
        odoo_image=_image(deps.settings, args),
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
    remove_unfinished(deps, wanted.team, wanted.name)
    existing = deps.store.templates.get(wanted.team, wanted.name)
    if existing is not None and not args.replace:
        _refuse_differences(existing, wanted)
        shown = template_view(deps.store, existing)
        return Outcome(shown, f"Template {wanted.name} exists already.")
    refuse_during_move(deps.store.facts, wanted.team)
    wanted = as_new_version(deps.store.templates, wanted)
    team = wanted.team
    require_infrastructure(deps, team, lambda line: call.report("database", line))
    what = f"Template {wanted.name}"
    require_room(deps, team, what, database=NEW_ODOO_BYTES)
    facts = ensure_image(
        deps, wanted.team, wanted.odoo_image, lambda line: call.report("image", line)
    )
    check_user(facts)
    facts = run_as(facts, deps.engine.team_user(wanted.team))
    work = TemplateBuild(deps, call, wanted, facts)
    made = work.run("template", work.steps())
    return Outcome(
        template_view(deps.store, made),
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
            "Choose another name, or make a new version of it with replace.",
            Next.of("list_templates", "shows the existing ones"),
        )


class TemplateBuild(TemplateWork):
    """The steps that create one template."""

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order."""
        parts = self.parts
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("check", "checking the modules", self.check, parts.remove_one_off),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("database", "making an empty database", self.empty, parts.remove_database),
            Step("volume", "making an empty filestore", self.volume, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("base", "installing Odoo's base", self.base, parts.remove_one_off),
            Step("modules", "installing modules", self.modules, parts.remove_one_off),
            Step("assets", "generating assets", self.assets, parts.remove_one_off),
            Step("seal", "sealing the template", self.seal),
        )

    def check(self) -> None:
        """Refuse modules that the image has not, before Odoo's base is installed.

        Raises:
            NotFound: the image has no such module; the message names a similar one.
        """
        if self.row.modules:
            inventory = ensure_inventory(self.deps, self.call, self.plan, self.image)
            available = Available.of(self.row.odoo_image, inventory, CheckoutReport(), Packages())
            refuse_uninstallable(available, self.row.modules, installed=BASE)

    def empty(self) -> None:
        """Create the database with the extensions that Odoo creates in a new one."""
        self.database()
        self.tenant.prepare_empty()

    def base(self) -> None:
        """Install base and web, then choose the language and the company's country.

        Raises:
            Invalid: this Odoo does not know the language or the country.
        """
        row = self.row
        result = self.succeeded(
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

    def seal(self) -> None:
        """Record the versions and the size of what was made, then close the database."""
        root = self.deps.engine.volumes.mountpoint(self.plan.volume)
        size = self.deps.postgres.cluster(self.row.team).database_size(self.plan.database)
        self.row = self.deps.store.templates.update(
            self.row.id,
            odoo_version=odoo_version(self.tenant.installed_modules().get("base", "")),
            postgres_version=self.tenant.server_version(),
            size=size + size_on_disk(root / "filestore" / self.plan.database),
        )
        super().seal()

    def modules(self) -> None:
        """Install the requested modules after the country, which chooses their localization."""
        if self.row.modules:
            result = self.one_off(commands.install(self.row.modules))
            self._prove_installed(self.row.modules, result)

    def _prove_installed(self, wanted: tuple[str, ...], result: RunResult) -> None:
        """Check the modules in the database; Odoo exits with 0 when an installation failed."""
        memory = self.deps.settings.teams[self.row.team].memory_mb
        problem = installation_problem(wanted, self.tenant.module_states(wanted), result, memory)
        if problem:
            raise UpstreamFailed(
                problem,
                f"Leave the module out, or choose another image than {self.row.odoo_image}.",
                output=explanation(result.output),
                whole=result.output,
            )
