"""Ask an image once what it has, and keep the answer while the image stays the same."""

import logging

from oduflow.adapters.odoo.addons.image import ENTRYPOINT, list_modules_command, read_inventory
from oduflow.adapters.store import Facts
from oduflow.domain.addons import ImageInventory
from oduflow.domain.container import ContainerSpec, ImageFacts
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps

log = logging.getLogger(__name__)

SECONDS = 120.0
_KEY = "image_inventory"


def kept_inventory(facts: Facts, image: str, reference: str) -> ImageInventory | None:
    """Return what is known of an image; None if it was not asked, or is another one by now.

    Args:
        facts: where it is kept, one value for each reference.
        image: the image's id.
        reference: its name.
    """
    text = facts.get(f"{_KEY}:{reference}")
    try:
        kept = None if text is None else ImageInventory.model_validate_json(text)
    except ValueError:  # of another version of the product
        return None
    return kept if kept is not None and kept.image == image else None


def ensure_inventory(
    deps: Deps, call: Call, plan: EnvironmentPlan | TemplatePlan, image: ImageFacts
) -> ImageInventory:
    """Return what an image has; ask it in a one-off container without a network if needed.

    An image that does not answer, because its Odoo is an unusual one, has an empty inventory, which
    lets every module pass: Odoo itself refuses what it cannot install.
    """
    kept = kept_inventory(deps.store.facts, image.id, image.reference)
    if kept is not None:
        return kept
    lines: list[str] = []
    spec = ContainerSpec(
        name=plan.one_off,
        image=image.id,
        labels=plan.naming.labels("once", id=plan.id, team=plan.team, name=plan.name),
        entrypoint=(ENTRYPOINT,),
        command=list_modules_command(),
        user=f"{image.uid}:{image.gid}",
        limits=deps.limits(plan.team),
        outside_names=False,
    )
    with call.boot_slot():
        deps.engine.containers.remove(spec.name)
        result = deps.engine.containers.run_one_off(
            spec, timeout=SECONDS, monitor=ProgressMonitor(lines.append, call.cancelled)
        )
    call.raise_if_cancelled()
    found = read_inventory(image.id, lines)
    if found is None:
        log.warning("%s does not list its modules: %s", image.reference, result.output[-2000:])
        return ImageInventory(image=image.id)
    deps.store.facts.set(f"{_KEY}:{image.reference}", found.model_dump_json())
    return found
