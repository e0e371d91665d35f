"""Create an environment from a source, in steps that are undone on failure."""

import json
from dataclasses import dataclass, field, replace

from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.next_call import Next
from oduflow.domain.warm_slot import WarmSlot
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import take_port
from oduflow.services.environments.installation import write_configuration
from oduflow.services.environments.own_database import make_database
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.source import Source, TemplateSource
from oduflow.services.environments.start import mark_serving
from oduflow.services.environments.warm.checkout import commit_ahead
from oduflow.services.environments.warm.claim import container_fits, fitting_slot
from oduflow.services.environments.warm.demand import note_demand
from oduflow.services.filestore import lay_filestore
from oduflow.services.move_journal import holding_off_moves
from oduflow.services.saga import KeptForInspection, Saga, Step, nothing

SOURCE_WAIT_SECONDS = 10.0


def provision(
    deps: Deps,
    call: Call,
    row: Environment,
    source: Source,
    image: ImageFacts,
    retry: Next,
    newest: str = "",
) -> Environment:
    """Create everything that the row names and serve it; on failure, remove what was created.

    A module that fails to install or breaks Odoo at boot leaves the environment `failed`, with
    the last lines of its traceback, for inspection.

    Args:
        deps: the product's parts.
        call: receives the progress.
        row: the environment to create.
        source: what its database and filestore are cloned from.
        image: the facts of its Odoo image.
        retry: the call that creates it again; the kept error suggests it.
        newest: the commit that its branch is at, if the server was just asked.

    Raises:
        Failure: the environment was not created.
    """
    with fitting_slot(deps, row, image, source) as slot:
        if slot is not None:
            row = replace(row, id=slot.id)
        work = Creation(deps, call, row, image, source, slot, newest)
        saga = Saga("create", work.steps(), work.on_step, deps.work.failpoints)
        made = serve_new(work, saga, retry)
    if isinstance(source, TemplateSource):
        note_demand(deps.store.facts, deps.settings, made)
    return made


def serve_new(work: Provisioning, saga: Saga, retry: Next) -> Environment:
    """Run the steps of a new environment and mark it as serving, or keep what Odoo failed with.

    Args:
        work: the environment.
        saga: its steps.
        retry: the call that creates it again; the kept error suggests it.

    Raises:
        Failure: the environment was not created, or is kept as `failed`.
    """
    try:
        saga.run()
    except KeptForInspection as kept:
        kept.failure.hint = (
            f"{work.row.name} is kept as failed, to look at; creating it again replaces it. "
            f"{kept.failure.hint}"
        )
        kept.failure.next = (*kept.failure.next, retry)
        work.keep_as_failed(kept.failure)
        raise kept.failure from kept.failure.__cause__
    return mark_serving(work.deps.store.environments, work.row)


@dataclass(slots=True)
class Creation(Provisioning):
    """The steps of one creation.

    Attributes:
        source: what its database and filestore are cloned from.
        slot: the warm slot whose id the row has: its database, filestore and container become the
            environment's. This process holds its lock.
        newest: the commit that the branch is at, if the server was just asked.
    """

    source: Source
    slot: WarmSlot | None = None
    newest: str = ""
    _warm: bool = field(default=False, init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = self.parts
        extra, addons, python, *others = self.container_steps()
        # All of a claimed slot is removed at once, its container first, which uses the others.
        drop, unmount = (
            (parts.remove_database, parts.remove_volume)
            if self.slot is None
            else (nothing, nothing)
        )
        return (
            Step("reserve", "reserving the name", self.reserve, self._unreserve),
            Step("checkout", "checking out the branch", self.checkout, parts.remove_folder),
            extra,
            addons,
            python,
            Step("database", "cloning the database", self.database, drop),
            Step("filestore", "cloning the filestore", self.filestore, unmount),
            *others,
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Record and report which step begins; the row exists from the second step on."""
        if number > 1:
            self.deps.store.environments.update(self.row.id, step=step.name)
        Provisioning.on_step(self, step, number, total)

    def reserve(self) -> None:
        """Write the row before anything else, while the source cannot be deleted."""
        team = self.deps.settings.teams[self.row.team]
        locks = self.deps.work.locks
        # In this order: waiting for the source must not hold up the team's other creations.
        with (
            locks.acquire(self.source.lock, "create_environment", wait=SOURCE_WAIT_SECONDS),
            holding_off_moves(locks, self.deps.store.facts, self.row.team),
        ):
            self.source.refuse_if_deleted(self.deps.store)
            if self.slot is None:
                self.deps.store.environments.add(self.row, limit=team.max_environments)
            else:
                limit = team.max_environments
                self.row = self.deps.store.environments.claim(self.row, limit=limit)
        self._learn(port=take_port(self.deps, self.row))

    def checkout(self) -> None:
        """Check the branch out, unless the slot was at its newest commit already."""
        row = self.row
        make_folder(self.plan.folder)
        commit = self._found_checked_out() or self._checked_out()
        self.deps.branches.record(row, commit)
        self._learn(commit=commit)

    def database(self) -> None:
        """Clone the source's database for a role of its own, with a new password."""
        if self.slot is None:
            make_database(self.deps, self.plan, self.source.database, self._monitor())

    def filestore(self) -> None:
        """Lay the environment's filestore above the source's, or copy it."""
        if self.slot is not None:
            return
        source = self.source.filestore(self.deps.engine.volumes)
        self._learn(filestore=lay_filestore(self.deps.engine, self.plan, self.image, source))

    def configuration(self) -> None:
        """Write `odoo.conf`; a slot's container that the environment cannot use is removed."""
        if self.slot is not None:
            self._warm = container_fits(self.slot, self.row, self.report)
            if not self._warm:
                self.deps.engine.containers.remove(self.plan.warm_container)
        write_configuration(
            self.deps.infrastructure,
            self.deps.settings,
            self.plan,
            self.row,
            self.image,
            in_place=self._warm,
        )

    def container(self) -> None:
        """Create the container, stopped; or take the slot's, which is paused."""
        if not self._warm:
            Provisioning.container(self)
            return
        containers = self.deps.engine.containers
        containers.remove(self.plan.container)  # of a killed process, under the same name
        write_private(self.plan.about, json.dumps(self.plan.labels(self.row)))
        containers.rename(self.plan.warm_container, self.plan.container)

    def _unreserve(self) -> None:
        """Remove the row, and before it all of a slot that was claimed with it."""
        parts = self.parts
        if self.slot is not None:
            if self.deps.store.environments.by_id(self.row.id) is None:
                return  # it was not claimed
            parts.remove_container()
            parts.remove_database()
            parts.remove_volume()
            parts.remove_folder()
        parts.remove_row()

    def _found_checked_out(self) -> str:
        """Return the newest commit if the slot's checkout holds it; empty otherwise.

        The server's answer also proves that the team may still read the repository.
        """
        held = "" if self.slot is None else commit_ahead(self.plan)
        if not held:
            return ""
        row = self.row
        newest = self.newest or (
            self.deps.git.repositories.resolve_branch(
                row.repo_url, row.branch, team=row.team, monitor=self._monitor()
            ).commit
        )
        return held if held == newest else ""

    def _checked_out(self) -> str:
        return self.deps.git.repositories.checkout(
            self.row.repo_url,
            self.row.branch,
            team=self.row.team,
            git_dir=self.plan.git_dir,
            work_tree=self.plan.checkout,
            monitor=self._monitor(),
        )
