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

from oduflow.adapters.filestore.clone import clone_filestore, prepare_volume
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.postgres.config import SOCKET_TARGET
from oduflow.domain.names import new_id
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import Template
from oduflow.kernel.locks import LockKey
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
        plan, cluster = TemplatePlan.of(deps.naming, row), deps.postgres.cluster
        opened = TemplatePlan.of(deps.naming, replace(row, id=new_id())).database
        copy_database(instance, plan.database, opened)
        with self._dump.open("wb") as written:
            subprocess.run(in_database(instance, opened, *DUMP), stdout=written, check=True)
        cluster.drop_database(opened)
        cluster.drop_role(opened)
        root = deps.engine.volumes.mountpoint(plan.volume)
        shutil.rmtree(self.folder / "filestore", ignore_errors=True)
        (self.folder / "filestore").mkdir()
        clone_filestore(root, plan.database, self.folder, TEMPLATE)
        self._complete.touch()

    def _copy(self, instance: Instance) -> None:
        deps = instance.services.deps
        row = template(id=new_id(), team="blue", name=TEMPLATE, modules=())
        database, cluster = TemplatePlan.of(deps.naming, row).database, deps.postgres.cluster
        cluster.create_role(database, PASSWORD, connection_limit=5)
        cluster.create_database(database, database)
        with self._dump.open("rb") as dump:
            subprocess.run(in_database(instance, database, *RESTORE), stdin=dump, check=True)
        cluster.seal_template(database, database)
        add_template(instance, row, self.folder, TEMPLATE)


def give_template(instance: Instance, team: str) -> None:
    """Copy blue's template to another team of the same instance."""
    deps = instance.services.deps
    row = deps.store.templates.get("blue", TEMPLATE)
    assert row is not None
    if deps.store.templates.get(team, TEMPLATE) is not None:
        return
    copy = replace(row, id=new_id(), team=team)
    source, made = (TemplatePlan.of(deps.naming, each) for each in (row, copy))
    copy_database(instance, source.database, made.database)
    deps.postgres.cluster.seal_template(made.database, made.database)
    add_template(instance, copy, deps.engine.volumes.mountpoint(source.volume), source.database)


def copy_database(instance: Instance, source: str, made: str) -> None:
    """Copy a sealed database into one that a role of the same name owns and can connect to."""
    cluster = instance.services.deps.postgres.cluster
    cluster.create_role(made, PASSWORD, connection_limit=5)
    cluster.clone_database(source, made, made, strategy="wal_log")
    cluster.hand_over(made, from_role=source, to_role=made, password=PASSWORD)


def add_template(instance: Instance, row: Template, filestore: Path, database: str) -> None:
    """Copy the filestore of a template whose database is there, and add its row."""
    deps = instance.services.deps
    plan, image = TemplatePlan.of(deps.naming, row), deps.engine.images.facts(row.odoo_image)
    deps.engine.volumes.ensure(plan.volume, labels=plan.labels(row))
    root = deps.engine.volumes.mountpoint(plan.volume)
    prepare_volume(root, image.uid, image.gid)
    clone_filestore(filestore, database, root, plan.database)
    deps.store.templates.add(row)


def in_database(instance: Instance, database: str, *program: str) -> list[str]:
    """Run a program of PostgreSQL's in its container, as the role that owns a database."""
    container = instance.services.deps.naming.database
    sign_in = (f"--host={SOCKET_TARGET}", f"--username={database}", f"--dbname={database}")
    environ = ("--env", f"PGPASSWORD={PASSWORD}")
    return ["docker", "exec", "--interactive", *environ, container, *program, *sign_in]
