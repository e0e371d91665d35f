"""Claim a warm slot for a creation. In any doubt there is none, and the creation is a cold one."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.odoo.addons_path import uses_links
from oduflow.adapters.odoo.commands import PREIMPORTED
from oduflow.domain.addons import CheckoutReport
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Busy, Failure
from oduflow.domain.plan import Naming
from oduflow.domain.warm_slot import WarmSlot, WarmSlotState
from oduflow.kernel.locks import Held, LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.source import Source, TemplateSource
from oduflow.services.environments.warm.recipe import Recipe
from oduflow.services.environments.warm.remove import slot_plan

log = logging.getLogger(__name__)


@contextmanager
def fitting_slot(
    deps: Deps, row: Environment, image: ImageFacts, source: Source
) -> Iterator[WarmSlot | None]:
    """Find a slot for a new environment, and keep others from it during the block.

    Args:
        deps: the product's parts.
        row: the environment to create.
        image: Odoo's image, with the user that it runs as.
        source: what it is cloned from; slots are made from templates only.
    """
    found = None
    try:
        if isinstance(source, TemplateSource):
            found = _find(deps, row, image)
    except Failure as failure:
        log.warning("a warm slot could not be looked up: %s", failure.message)
    if found is None:
        yield None
        return
    slot, held = found
    try:
        yield slot
    finally:
        held.release()


def _find(deps: Deps, row: Environment, image: ImageFacts) -> tuple[WarmSlot, Held] | None:
    slots = deps.store.warm_slots.of(row.team)
    if not slots or row.extra_repos:
        return None
    recipe = Recipe(row, image).digest(deps)
    for slot in slots:
        if slot.state is not WarmSlotState.READY or slot.recipe != recipe:
            continue
        try:
            held = deps.work.locks.acquire(
                LockKey.warm_slot(slot.team, slot.id), "create_environment"
            )
        except Busy:
            continue
        with ExitStack() as unfit:
            unfit.callback(held.release)
            if deps.store.warm_slots.by_id(slot.id) == slot and _waits(
                deps.naming, deps.engine.containers, slot
            ):
                unfit.pop_all()
                return slot, held
    return None


def _waits(naming: Naming, containers: Containers, slot: WarmSlot) -> bool:
    facts = containers.facts(slot_plan(naming, slot).warm_container)
    return facts is not None and facts.status == "paused"


def container_fits(slot: WarmSlot, row: Environment, report: CheckoutReport) -> bool:
    """Whether a slot's container has all that the environment needs, once its modules are read.

    It lacks folders that are known only then, and it has imported modules of the image, in whose
    place the repository may have its own.
    """
    lacks = row.python_deps or row.extra_repos or uses_links(row.addons)
    own = {module.name for module in report.modules}
    return not lacks and row.port == slot.port and not own & PREIMPORTED
