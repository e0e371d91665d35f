"""Keep warm slots: make them while no job of the team runs, remove them when they are not used.

Runs in the server only, in a thread of its own. The number follows from use: a team has slots for
what it created last, for an hour.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Busy, Cancelled, Failure, NoRoom
from oduflow.domain.plan import EnvironmentPlan, Naming, TemplatePlan
from oduflow.domain.template import Template, TemplateState
from oduflow.files.usage import size_on_disk
from oduflow.kernel.locks import LockKey
from oduflow.services.clone_strategy import FILE_COPY_FROM
from oduflow.services.deps import Deps
from oduflow.services.environments.warm.demand import Demand
from oduflow.services.environments.warm.make import make_slot
from oduflow.services.environments.warm.pressure import available_memory, shortage
from oduflow.services.environments.warm.recipe import Recipe
from oduflow.services.environments.warm.remove import give_up
from oduflow.services.filestore import require_room_for_filestore
from oduflow.services.groups import StoreGroup
from oduflow.services.images import run_as
from oduflow.services.move_journal import load_move
from oduflow.services.room import require_room, require_room_for_clone

LOOK_SECONDS = 2.0
FAILED_SECONDS = 600.0  # before a slot of a recipe that failed is tried again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a team's slots are made from."""

    recipe: Recipe
    template: Template
    digest: str


@dataclass(slots=True)
class WarmKeeper:
    """Makes and removes the slots of every team.

    Attributes:
        memory: returns the bytes of memory that are available.
    """

    deps: Deps
    memory: Callable[[], int] = available_memory
    _failed: dict[str, float] = field(default_factory=dict, init=False)

    def run(self, stop: threading.Event) -> None:
        """Look after the slots until the event is set, or no team has or may have any."""
        while self._has_work() and not stop.wait(LOOK_SECONDS):
            for team in sorted(self.deps.infrastructure.teams()):
                if stop.is_set():
                    return
                self._look(team, stop)

    def look(self, team: str, stopped: Callable[[], bool]) -> None:
        """Remove the slots of a team that are not wanted, and make one that is missing.

        Args:
            team: whose slots.
            stopped: whether to make none now, and to stop making one.

        Raises:
            Failure: a part does not answer; what was begun is undone.
        """
        allowed, slots = self._allowed(team), self.deps.store.warm_slots.of(team)
        if not allowed and not slots:
            return
        wanted = self._wanted(team) if allowed else None
        fitting = [slot for slot in slots if wanted and slot.recipe == wanted.digest]
        unfit = [slot for slot in slots if slot not in fitting]
        for slot in (*unfit, *fitting[allowed:]):
            give_up(self.deps, slot)
        if wanted is not None and not unfit and len(fitting) < allowed and not stopped():
            self._make(wanted, stopped)

    def _has_work(self) -> bool:
        if any(team.warm_slots for team in self.deps.settings.teams.values()):
            return True
        try:
            return bool(self.deps.store.warm_slots.all())  # from before they were turned off
        except Failure:
            return True

    def _look(self, team: str, stop: threading.Event) -> None:
        def stopped() -> bool:
            # Of others only the processor would suffer, which is divided between the teams.
            unfinished = self.deps.work.jobs.store.unfinished()
            return stop.is_set() or any(job.actor.team == team for job in unfinished)

        try:
            with suppress(Cancelled):
                self.look(team, stopped)
        except Failure as failure:
            log.info("warm slots of team %s: %s", team, failure.message)
        except Exception:
            log.exception("the warm slots of team %s could not be kept", team)

    def _allowed(self, team: str) -> int:
        """Return how many slots the team may have now."""
        if team not in self.deps.live.current().teams:
            return 0
        asked = self.deps.settings.teams[team].warm_slots
        if not asked or shortage(self.deps, team, self.memory(), more=False):
            return 0
        return asked

    def _wanted(self, team: str) -> Wanted | None:
        """Return what the team's slots are made from; None if it needs none."""
        demand = Demand.load(
            self.deps.store.facts, self.deps.infrastructure.databases.activity, team
        )
        template = self.deps.store.templates.by_id(demand.template_id) if demand else None
        if demand is None or template is None or template.state is not TemplateState.READY:
            return None
        uid = self.deps.engine.team_user(team)
        row = Environment(
            id="",
            team=team,
            name="",
            repo_url=demand.repo_url,
            branch=demand.branch,
            requested_branch=None,
            template_id=template.id,
            template=template.name,
            odoo_image=demand.odoo_image,
            modules=(),
            state=EnvironmentState.CREATING,
            created_by="",
            created_at=datetime.fromtimestamp(0, UTC),
            uid=uid,
        )
        image = run_as(self.deps.engine.images.facts(demand.odoo_image), uid)
        recipe = Recipe(row, image)
        return Wanted(recipe, template, recipe.digest(self.deps))

    def _make(self, wanted: Wanted, stopped: Callable[[], bool]) -> None:
        team = wanted.recipe.row.team
        if time.monotonic() < self._failed.get(wanted.digest, 0.0) or not self._has_room(wanted):
            return
        try:
            made = make_slot(self.deps, wanted.recipe, wanted.template, stopped)
        except (Busy, Cancelled):  # nothing failed: it is tried again at the next look
            raise
        except Failure:
            self._failed = {wanted.digest: time.monotonic() + FAILED_SECONDS}
            raise
        log.info("warm slot %s of team %s is ready", made.id, team)

    def _has_room(self, wanted: Wanted) -> bool:
        """Whether a slot may be made: memory, disk, and a PostgreSQL that runs anyway."""
        deps, template = self.deps, wanted.template
        team = template.team
        server = deps.infrastructure.databases.servers[team]
        if server.running() is None or shortage(deps, team, self.memory(), more=True):
            return False
        storage = LockKey.storage(team)
        if load_move(deps.store.facts, team) or not deps.work.locks.is_free(storage):
            return False
        plan = TemplatePlan.of(deps.naming, template)
        if not server.shares_blocks():
            size = deps.postgres.cluster(team).database_size(plan.database)
            if size >= FILE_COPY_FROM:  # a copy of so much costs the disk more than it saves
                return False
        require_room_for_clone(deps, plan, for_slot=True)
        require_room_for_filestore(deps, plan, wanted.recipe.image, for_slot=True)
        size = _last_checkout(deps.naming, deps.store, wanted.recipe.row)
        try:
            require_room(deps, team, "A checkout ahead of a claim", staging=size, for_slot=True)
        except NoRoom:  # not at each look: its files are counted for it
            self._failed = {wanted.digest: time.monotonic() + FAILED_SECONDS}
            raise
        return True


def _last_checkout(naming: Naming, store: StoreGroup, like: Environment) -> int:
    """Return the bytes of the team's newest checkout of a repository; 0 where it has none."""
    rows = [row for row in store.environments.list(like.team) if row.repo_url == like.repo_url]
    if not rows:
        return 0
    plan = EnvironmentPlan.of(naming, max(rows, key=lambda row: row.created_at))
    return size_on_disk(plan.git_dir) + size_on_disk(plan.checkout)
