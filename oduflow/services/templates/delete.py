"""Remove a template: container, database, filestore and folder, then the row."""

from dataclasses import dataclass

from oduflow.adapters.store import Environments
from oduflow.domain.errors import Conflict
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.kernel.locks import LockKey
from oduflow.services.cleanup import Cleanup
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.remove import give_up

RESERVED_SECONDS = 10.0  # for an environment that is being reserved, which takes a moment
SLOT_SECONDS = 10.0  # for a warm slot that is being made, which stops by itself


def refuse_used(environments: Environments, row: Template) -> None:
    """Refuse to delete a template while environments are cloned from it.

    Raises:
        Conflict: names them.
    """
    users = environments.using_template(row.id)
    if users:
        raise Conflict(
            f"Template {row.name} is in use by {', '.join(users)}.",
            "Delete those environments first.",
        )


def remove_template(deps: Deps, row: Template) -> None:
    """Remove a template; after a kill at any point, call it again.

    Raises:
        Busy: an environment is just being reserved for it.
        Conflict: environments are cloned from it.
    """
    version = LockKey.template_version(row.team, row.id)
    with deps.work.locks.acquire(version, "delete_template", wait=RESERVED_SECONDS):
        refuse_used(deps.store.environments, row)
        deps.store.templates.update(row.id, state=TemplateState.DELETING)
    for slot in deps.store.warm_slots.of(row.team):
        if slot.template_id == row.id:
            give_up(deps, slot, wait=SLOT_SECONDS)
    parts = TemplateCleanup(deps, TemplatePlan.of(deps.naming, row))
    parts.remove_one_off()
    parts.remove_database()
    parts.remove_volume()
    parts.remove_folder()
    parts.remove_row()


@dataclass(frozen=True, slots=True)
class TemplateCleanup(Cleanup):
    """The removable parts of one template."""

    plan: TemplatePlan

    def remove_row(self) -> None:
        """Delete the row; always the last step, because recovery finds the rest through it."""
        self.deps.store.templates.remove(self.plan.id)
        self.deps.store.sizes.forget(self.plan.team, self.plan.id)
