"""create_template."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.clock import now
from oduflow.domain.errors import Conflict
from oduflow.domain.names import new_id
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import CreateTemplate, Template, TemplateState, TemplateView
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments.checks import check_repository, check_user
from oduflow.services.templates.create import build, remove

DEFAULT_VERSION = "19.0"


@operation(
    permission=Permission.TEMPLATE_WRITE,
    effect=Effect.WRITE,
    scope=Scope.TEMPLATE,
    slow=True,
    audit=("name", "odoo_image", "modules"),
    rest="POST /templates",
)
def create_template(deps: Deps, call: Call, args: CreateTemplate) -> Outcome[TemplateView]:
    """Create a template that environments are cloned from.

    Installs a new Odoo with the given modules, generates its assets and seals it. This takes about
    half a minute; every environment cloned from it starts in about two seconds.
    """
    image = args.odoo_image or deps.settings.images.odoo.format(version=DEFAULT_VERSION)
    modules = tuple(sorted(set(args.modules)))
    existing = deps.templates.get(call.actor.team, args.name)
    if existing is not None and existing.state is TemplateState.READY:
        if (existing.odoo_image, existing.modules) != (image, modules):
            raise Conflict(
                f"Template “{args.name}” exists already with {existing.odoo_image} and modules "
                f"{', '.join(existing.modules) or 'none'}.",
                f"Choose another name, or delete_template name={args.name} first.",
            )
        shown = TemplateView.of(existing, deps.environments.using_template(existing.id))
        return Outcome(shown, f"Template {args.name} exists already.")
    if existing is not None:
        # This call holds the lock, so the process that began it has died: undo its steps first.
        remove(deps, existing)
    deps.infrastructure.require()
    check_repository(deps.settings.images.odoo, args.odoo_image)
    facts = deps.images.ensure(image, lambda line: call.report("image", line))
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
    made = build(deps, call, row, facts)
    return Outcome(
        TemplateView.of(made, ()),
        f"Template {made.name} is ready.",
        next=(f"create_environment name=… repo_url=… template={made.name}",),
    )
