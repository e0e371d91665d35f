"""The steps of a copy of an environment.

A temporary snapshot of the source becomes the copy: its database by a rename, its files by a move,
its checkout by a copy of git's folder and of the work tree. So the source pauses for a moment and
serves on, and what was copied once is not copied again. After a kill, recovery removes the
half-made environment by its row and the snapshot by its own. See ADR 35.
"""

from dataclasses import dataclass, field

from oduflow.adapters.filestore.clone import copy_tree
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.environment import Environment
from oduflow.domain.module_checks import Available
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret, make_folder, write_private
from oduflow.services.branches import read_check
from oduflow.services.environments.boot import take_port
from oduflow.services.environments.ownership import take_possession
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.view import base_url
from oduflow.services.filestore import adopt_filestore
from oduflow.services.saga import RESERVE, Step
from oduflow.services.snapshots.create import make_temporary_snapshot, remove_temporary_snapshot
from oduflow.services.snapshots.parts import SnapshotParts

COPY = "copy"  # the saga's name
_CHECKOUT = "checkout"
_NOT_OF_A_COPY = frozenset({"modules"})  # they are installed in the source


@dataclass(slots=True)
class Copying(Provisioning):
    """The steps of one copy.

    Attributes:
        source: the environment that is copied; the call holds its lock.
        taken: the temporary snapshot of it, from the step `snapshot` on.
    """

    source: Environment
    taken: SnapshotParts = field(init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order, each with its undo."""
        parts = self.parts
        extra, addons, python, *others = self.container_steps()
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("snapshot", "taking a snapshot", self.snapshot, self.forget),
            Step(_CHECKOUT, "copying the checkout", self.checkout, parts.remove_folder),
            extra,
            addons,
            python,
            Step("database", "taking the database over", self.database, parts.remove_database),
            Step("filestore", "taking the filestore over", self.filestore, parts.remove_volume),
            Step("forget", "removing the snapshot", self.forget),
            *(step for step in others if step.name not in _NOT_OF_A_COPY),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Record and report which step begins; the row exists from the second step on."""
        if step.name != RESERVE:
            self.deps.store.environments.update(self.row.id, step=step.name)
        Provisioning.on_step(self, step, number, total)

    def reserve(self) -> None:
        """Write the row before anything else."""
        team = self.deps.settings.teams[self.row.team]
        self.deps.store.environments.add(self.row, limit=team.max_environments)
        self._learn(port=take_port(self.deps, self.row))

    def snapshot(self) -> None:
        """Take a snapshot of the source, which pauses for a moment if it runs."""
        self.taken = make_temporary_snapshot(self.deps, self.call, self.source, self._tell)

    def forget(self) -> None:
        """Remove what is left of the snapshot."""
        taken: SnapshotParts | None = getattr(self, "taken", None)
        if taken is not None:
            remove_temporary_snapshot(taken)

    def checkout(self) -> None:
        """Copy the checkout with its edits, as they were when the snapshot was taken."""
        plan, theirs = self.plan, self._theirs
        make_folder(plan.folder)
        copy_tree(theirs.git_dir, plan.git_dir, what=_CHECKOUT)
        copy_tree(theirs.checkout, plan.checkout, what=_CHECKOUT)
        copied = self.deps.git.repositories.work_tree(plan.git_dir, plan.checkout, self._monitor())
        copied.become_copy(self.taken.row.kept, self.source.commit)
        check = read_check(plan.naming, self.source)
        if check is not None:
            write_private(plan.branch_check, check.model_dump_json())

    def database(self) -> None:
        """Make the snapshot's database the copy's own, with a role and secrets of its own."""
        name, cluster = self.plan.database, self.taken.cluster
        password = ensure_secret(self.plan.secrets / "database_password")
        cluster.create_role(name, password, connection_limit=ROLE_CONNECTIONS)
        cluster.adopt_snapshot(self.taken.own.database, name)
        # The source's own address: Odoo changes it only when an administrator signs in.
        address = (base_url(self.deps.settings, self.row) or "").rstrip("/")
        parameters = {"web.base.url": address}
        take_possession(
            self.deps.postgres,
            self.plan,
            self._theirs.database,
            parameters,
            cancelled=self.call.cancelled,
        )

    def filestore(self) -> None:
        """Make the snapshot's files the copy's own, above the same template's."""
        files = self.taken.layers.files_of(self.taken.row.id)
        adopt_filestore(self.deps.engine, self.plan, self.source, self.image, files)
        self._learn(filestore=self.source.filestore)

    def _refuse_uninstallable(self, *, libraries: bool) -> Available:  # noqa: ARG002
        """Refuse no module: the source serves with them, also after an edit broke one."""
        return self._available()

    @property
    def _theirs(self) -> EnvironmentPlan:
        return EnvironmentPlan.of(self.deps.naming, self.source)
