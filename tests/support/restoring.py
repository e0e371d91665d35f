"""Restore dumps on a real instance, without an Odoo, and look at what they left."""

import gzip
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.names import new_id
from oduflow.domain.plan import TemplatePlan
from oduflow.files.private import make_folder
from oduflow.kernel.call import Call, Origin
from oduflow.services.templates.backup import Dump, open_backup
from oduflow.services.templates.restore import Restore
from tests.support.base_template import in_database
from tests.support.instances import Instance
from tests.support.store_rows import template

USER = 1234
PASSWORD = "a-password-of-one-test"


@dataclass
class Restoring:
    """Makes empty databases and restores dumps into them; `remove` drops them.

    Attributes:
        folder: where dumps are written.
        told: the lines of progress.
    """

    instance: Instance
    folder: Path
    told: list[str] = field(default_factory=list)
    made: list[TemplatePlan] = field(default_factory=list)

    def dump(self, content: str | bytes, name: str = "dump.sql") -> Dump:
        """Write a dump and open it as the product does."""
        path = self.folder / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return open_backup(path, name).dump

    def work(self, *, cancelled: bool = False) -> Restore:
        """Return the service for a new, empty database."""
        deps = self.instance.services.deps
        deps.infrastructure.require("blue", self.told.append)
        plan = TemplatePlan.of(deps.naming, template(id=new_id(), team="blue", name="imported"))
        make_folder(plan.folder)
        self.made.append(plan)
        cluster = deps.postgres.cluster("blue")
        cluster.create_role(plan.database, PASSWORD, connection_limit=ROLE_CONNECTIONS)
        cluster.create_database(plan.database, plan.database)
        actor = Actor("blue", ActorKind.CLI, "tester")
        call = Call(actor, Origin("cli"), _cancel_requested=lambda: cancelled)
        return Restore(deps, call, plan, USER, self.told.append)

    def restore(self, content: str | bytes, name: str = "dump.sql") -> tuple[TemplatePlan, Any]:
        """Restore a dump; return its database and what was left out."""
        work = self.work()
        return work.plan, work.restore(self.dump(content, name), PASSWORD)

    def settle(self, plan: TemplatePlan) -> None:
        """Take back what the dump has set, as an import does."""
        cluster = self.instance.services.deps.postgres.cluster("blue")
        cluster.take_back_settings(
            plan.database, plan.database, PASSWORD, connection_limit=ROLE_CONNECTIONS
        )

    @contextmanager
    def connected(self, plan: TemplatePlan) -> Iterator[psycopg.Connection[Any]]:
        """Connect to a database as its role does."""
        socket = self.instance.services.deps.naming.postgres_folder("blue") / "socket"
        with psycopg.connect(
            host=str(socket), dbname=plan.database, user=plan.database, password=PASSWORD
        ) as connection:
            yield connection

    def ask(self, plan: TemplatePlan, question: str) -> list[tuple[Any, ...]]:
        """Ask a database as its role."""
        with self.connected(plan) as connection:
            return connection.execute(question).fetchall()

    def dumped(self, plan: TemplatePlan, *options: str) -> bytes:
        """Dump a database with PostgreSQL 18's pg_dump."""
        command = in_database(self.instance, "blue", plan.database, "pg_dump", *options)
        command = [word.replace("only-until-it-is-sealed", PASSWORD) for word in command]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def remove(self) -> None:
        """Drop the databases and remove the folders."""
        deps = self.instance.services.deps
        # The newest first, as an import does that ends: the session of a restore that was stopped
        # goes on in its own database, and while it waits for rows no other can be dropped.
        for plan in reversed(self.made):
            deps.engine.containers.remove(plan.one_off)
            deps.postgres.cluster("blue").drop_database(plan.database)
            deps.postgres.cluster("blue").drop_role(plan.database)
        self.made.clear()
