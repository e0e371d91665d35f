"""The base template of each instance of a run: made once by the product, then copied.

Making one takes half a minute of CPU. The first instance of a run makes its own by
`create_template` and keeps a dump; the next ones, of other workers too, restore that into a
database, a role and a volume of their own, as they would have made them.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from oduflow.adapters.filestore.clone import clone_filestore, own_tree, prepare_volume
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.config import SOCKET_TARGET
from oduflow.domain.names import new_id
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template
from oduflow.kernel.locks import LockKey
from oduflow.services.images import run_as
from tests.support.instances import TEMPLATE, Instance
from tests.support.store_rows import template

PASSWORD = "only-until-it-is-sealed"
WAIT_SECONDS = 300
DUMP = ("pg_dump", "--format=custom", "--compress=none", "--no-owner", "--no-privileges")
RESTORE = ("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges")


@dataclass(frozen=True)
class KeptTemplate:
    """The run's template in a folder that all workers share.

    Attributes:
        folder: one a run; it need not exist.
    """

    folder: Path

    @classmethod
    def of_run(cls, basetemp: Path) -> "KeptTemplate":
        """Find the run's folder by pytest's own for this worker."""
        worker = "PYTEST_XDIST_WORKER" in os.environ
        return cls((basetemp.parent if worker else basetemp) / "base-template")

    def give(self, instance: Instance) -> None:
        """Make the base template of an instance, or copy it."""
        locks = FileLocks(self.folder / "locks")
        with locks.acquire(LockKey("base-template"), "tests", wait=WAIT_SECONDS):
            if not self._complete.exists():
                instance.ok("create_template", name=TEMPLATE)
                self._keep(instance)
                return
        self._copy(instance)

    @property
    def _dump(self) -> Path:
        return self.folder / "dump"

    @property
    def _complete(self) -> Path:
        """The mark that dump and filestore are whole."""
        return self.folder / "complete"

    def _keep(self, instance: Instance) -> None:
        """Dump a copy of the sealed database, and keep its filestore."""
        deps = instance.services.deps
        row = deps.store.templates.get("blue", TEMPLATE)
        assert row is not None
        plan = TemplatePlan.of(deps.naming, row)
        dump_database(instance, row, self._dump)
        root = deps.engine.volumes.mountpoint(plan.volume)
        shutil.rmtree(self.folder / "filestore", ignore_errors=True)
        (self.folder / "filestore").mkdir()
        clone_filestore(root, plan.database, self.folder, TEMPLATE)
        self._complete.touch()

    def _copy(self, instance: Instance) -> None:
        row = template(id=new_id(), team="blue", name=TEMPLATE, modules=())
        restore_database(instance, row, self._dump)
        add_template(instance, row, self.folder, TEMPLATE)


def give_template(instance: Instance, team: str) -> None:
    """Copy blue's template to another team of the same instance."""
    deps = instance.services.deps
    row = deps.store.templates.get("blue", TEMPLATE)
    assert row is not None
    if deps.store.templates.get(team, TEMPLATE) is not None:
        return
    copy, source = replace(row, id=new_id(), team=team), TemplatePlan.of(deps.naming, row)
    with TemporaryDirectory() as folder:
        dump_database(instance, row, Path(folder) / "dump")
        restore_database(instance, copy, Path(folder) / "dump")
    add_template(instance, copy, deps.engine.volumes.mountpoint(source.volume), source.database)


def dump_database(instance: Instance, row: Template, dump: Path) -> None:
    """Dump a sealed database, by a copy that a role of the same name owns and can connect to."""
    deps = instance.services.deps
    source = TemplatePlan.of(deps.naming, row).database
    made = TemplatePlan.of(deps.naming, replace(row, id=new_id())).database
    cluster = deps.postgres.cluster(row.team)
    cluster.create_role(made, PASSWORD, connection_limit=5)
    cluster.clone_database(source, made, made, strategy="wal_log")
    cluster.hand_over(made, from_role=source, to_role=made, password=PASSWORD)
    with dump.open("wb") as written:
        command = in_database(instance, row.team, made, *DUMP)
        subprocess.run(command, stdout=written, check=True)
    cluster.drop_database(made)
    cluster.drop_role(made)


def restore_database(instance: Instance, row: Template, dump: Path) -> None:
    """Make a sealed database from a dump."""
    deps = instance.services.deps
    database = TemplatePlan.of(deps.naming, row).database
    cluster = deps.postgres.cluster(row.team)
    cluster.create_role(database, PASSWORD, connection_limit=5)
    cluster.create_database(database, database)
    with dump.open("rb") as read:
        command = in_database(instance, row.team, database, *RESTORE)
        subprocess.run(command, stdin=read, check=True)
    cluster.seal_template(database, database)


def add_template(instance: Instance, row: Template, filestore: Path, database: str) -> None:
    """Copy the filestore of a template whose database is there, and add its row."""
    deps = instance.services.deps
    plan, image = TemplatePlan.of(deps.naming, row), deps.engine.images.facts(row.odoo_image)
    deps.engine.volumes.ensure(plan.volume, labels=plan.labels(row))
    root = deps.engine.volumes.mountpoint(plan.volume)
    image = run_as(image, deps.engine.team_user(row.team))
    prepare_volume(root, image.uid, image.gid)
    clone_filestore(filestore, database, root, plan.database)
    own_tree(root / "filestore" / plan.database, image.uid, image.gid)
    deps.store.templates.add(row)


def in_database(instance: Instance, team: str, database: str, *program: str) -> list[str]:
    """Run a program of PostgreSQL's in its container, as the role that owns a database."""
    container = instance.services.deps.naming.database(team)
    sign_in = (f"--host={SOCKET_TARGET}", f"--username={database}", f"--dbname={database}")
    environ = ("--env", f"PGPASSWORD={PASSWORD}")
    return ["docker", "exec", "--interactive", *environ, container, *program, *sign_in]
