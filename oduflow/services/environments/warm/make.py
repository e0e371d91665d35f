"""Make a warm slot: row, database, filestore, and a container that has imported Odoo and waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from oduflow.adapters.odoo.commands import LAUNCHED
from oduflow.domain.clock import now
from oduflow.domain.errors import Cancelled, UpstreamFailed
from oduflow.domain.names import new_id
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.template import Template, TemplateState
from oduflow.domain.warm_slot import WarmSlot, WarmSlotState
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.own_database import make_database
from oduflow.services.environments.serving import start_text
from oduflow.services.environments.source import TemplateSource
from oduflow.services.environments.warm.checkout import check_out_ahead
from oduflow.services.environments.warm.recipe import Recipe
from oduflow.services.environments.warm.remove import HOLDER, SlotCleanup, slot_plan
from oduflow.services.filestore import ensure_mount, lay_filestore
from oduflow.services.move_journal import holding_off_moves
from oduflow.services.saga import RESERVE, Saga, Step
from oduflow.services.temporary import empty_temporary

IMPORT_SECONDS = 60.0
POLL_SECONDS = 0.1
LOG_LINES = 20


def make_slot(
    deps: Deps, recipe: Recipe, template: Template, stopped: Callable[[], bool]
) -> WarmSlot:
    """Make a slot; on failure, remove what was made.

    Args:
        deps: the product's parts.
        recipe: what it is made with.
        template: what it is cloned from.
        stopped: whether to stop, as when a call wants the processor.

    Raises:
        Busy: the team's volumes are being moved.
        Cancelled: `stopped` said so, or the template is not to be cloned any more.
        Failure: it could not be made.
    """
    slot = WarmSlot(
        id=new_id(),
        team=recipe.row.team,
        template_id=template.id,
        recipe=recipe.digest(deps),
        state=WarmSlotState.MAKING,
        created_at=now(),
        uid=recipe.row.uid,
    )
    with deps.work.locks.acquire(LockKey.warm_slot(slot.team, slot.id), HOLDER):
        work = _Making(deps, recipe, template, stopped, slot)
        Saga("warm", work.steps(), work.on_step, deps.work.failpoints).run()
        return work.slot


@dataclass(slots=True)
class _Making:
    """The steps of one slot."""

    deps: Deps
    recipe: Recipe
    template: Template
    stopped: Callable[[], bool]
    slot: WarmSlot
    plan: EnvironmentPlan = field(init=False)

    def __post_init__(self) -> None:
        self.plan = slot_plan(self.deps.naming, self.slot)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = SlotCleanup(self.deps, self.plan)
        return (
            Step(RESERVE, "reserving a port", self.reserve, parts.remove_row),
            Step("folder", "making the folder", self.folder, parts.remove_folder),
            Step("checkout", "checking out the branch", self.checkout),  # goes with the folder
            Step("database", "cloning the database", self.database, parts.remove_database),
            Step("filestore", "laying the filestore", self.filestore, parts.remove_volume),
            Step("container", "creating the container", self.container, parts.remove_container),
            Step("imports", "importing Odoo", self.imports),
            Step("ready", "offering it", self.ready),
        )

    def on_step(self, _step: Step, _number: int, _total: int) -> None:
        """Stop between two steps."""
        self._check()

    def reserve(self) -> None:
        """Write the row before anything else, while the volumes cannot be moved."""
        deps, ports = self.deps, self.deps.settings.routing.port_range
        with holding_off_moves(deps.work.locks, deps.store.facts, self.slot.team):
            self.slot = deps.store.warm_slots.add(self.slot, ports[0], ports[-1])

    def folder(self) -> None:
        """Make what the container mounts: an empty checkout and an empty configuration."""
        plan, image = self.plan, self.recipe.image
        make_folder(plan.folder)
        make_folder(plan.checkout)
        make_folder(plan.conf.parent)
        write_private(plan.conf, "", uid=image.uid, gid=image.gid)
        start = start_text(self.slot.port)
        write_private(plan.python_start, start, uid=image.uid, gid=image.gid)
        empty_temporary(plan.temporary, image)

    def checkout(self) -> None:
        """Check out the branch that was created last."""
        row, monitor = self.recipe.row, ProgressMonitor(cancelled=self.stopped)
        if row.branch:
            repositories = self.deps.git.repositories
            check_out_ahead(repositories, self.plan, row.repo_url, row.branch, monitor)

    def database(self) -> None:
        """Clone the template's database, with passwords that become the environment's."""
        source = TemplateSource(self.deps.naming, self.template).database
        make_database(self.deps, self.plan, source, ProgressMonitor(cancelled=self.stopped))

    def filestore(self) -> None:
        """Lay a filestore above the template's."""
        source = TemplateSource(self.deps.naming, self.template)
        lower = source.filestore(self.deps.engine.volumes)
        kind = lay_filestore(self.deps.engine, self.plan, self.recipe.image, lower)
        self.slot = self.deps.store.warm_slots.update(self.slot.id, filestore=kind)

    def container(self) -> None:
        """Create the container."""
        slot, port = self.slot, self.slot.port or 0
        row = self.recipe.stand_in(slot.id, port, slot.filestore)
        ensure_mount(self.deps.engine, self.plan, row)
        spec = self.recipe.specification(self.deps, slot.id, port, slot.filestore)
        self.deps.engine.containers.create(spec)

    def imports(self) -> None:
        """Start the container, and pause it once it has imported Odoo."""
        containers, name = self.deps.engine.containers, self.plan.warm_container
        containers.start(name)
        deadline = time.monotonic() + IMPORT_SECONDS
        while LAUNCHED not in (log := containers.logs(name, tail=LOG_LINES)):
            self._check()
            facts = containers.facts(name)
            if facts is None or facts.status != "running" or time.monotonic() > deadline:
                lines = log.strip().splitlines() or ["it printed nothing"]
                raise UpstreamFailed(f"Odoo was not imported: {lines[-1][:200]}")
            time.sleep(POLL_SECONDS)
        containers.pause(name)

    def ready(self) -> None:
        """Offer the slot."""
        self.slot = self.deps.store.warm_slots.update(self.slot.id, state=WarmSlotState.READY)

    def _check(self) -> None:
        template = self.deps.store.templates.by_id(self.template.id)
        moving = not self.deps.work.locks.is_free(LockKey.storage(self.slot.team))
        if (
            moving
            or self.stopped()
            or template is None
            or template.state is not TemplateState.READY
        ):
            raise Cancelled("The warm slot is not made now.")
