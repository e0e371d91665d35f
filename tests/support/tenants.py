"""Roles and databases for one test, on a real PostgreSQL, dropped at its end."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from oduflow.adapters.postgres.agent_sql import AgentSql
from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.names import new_id
from tests.support.postgres_container import PostgresContainer

LIMIT = 5


@dataclass(frozen=True)
class MadeTenant:
    """A role and the database of the same name."""

    name: str
    password: str = field(default_factory=secrets.token_urlsafe)


@dataclass
class Tenants:
    """Makes environments and templates; `remove` drops them in any state."""

    postgres: PostgresContainer
    made: list[MadeTenant] = field(default_factory=list)

    def new(self, kind: str) -> MadeTenant:
        """Return a name and a password, without creating anything."""
        self.made.append(MadeTenant(f"{kind}_{new_id()}"))
        return self.made[-1]

    def empty(self, kind: str = "env", *statements: str) -> MadeTenant:
        """Make a role with an empty database, and run statements in it."""
        made = self.role(kind)
        self.postgres.cluster.create_database(made.name, made.name)
        self.run(made, *statements)
        return made

    def template(self, *statements: str) -> MadeTenant:
        """Make and seal a template."""
        made = self.empty("tpl", *statements)
        self.postgres.cluster.seal_template(made.name, made.name)
        return made

    def clone(self, source: MadeTenant, kind: str = "env") -> MadeTenant:
        """Copy a database and hand it over."""
        made, cluster = self.role(kind), self.postgres.cluster
        cluster.clone_database(source.name, made.name, made.name, strategy="wal_log")
        cluster.hand_over(
            made.name, from_role=source.name, to_role=made.name, password=made.password
        )
        return made

    def role(self, kind: str = "env") -> MadeTenant:
        """Make a role alone."""
        made = self.new(kind)
        self.postgres.cluster.create_role(made.name, made.password, connection_limit=LIMIT)
        return made

    def tenant(self, made: MadeTenant, seconds: float = 10.0) -> Tenant:
        """Connect to a database as the product does."""
        return Tenant(
            socket_dir=self.postgres.socket_dir,
            database=made.name,
            role=made.name,
            password=made.password,
            entrance=self.postgres.cluster.entrance,
            seconds=seconds,
        )

    def agent_sql(self, made: MadeTenant, seconds: float = 10.0) -> AgentSql:
        """Run statements of callers in a database as the product does."""
        return AgentSql(
            socket_dir=self.postgres.socket_dir,
            admin_password=lambda: self.postgres.password,
            database=made.name,
            password=made.password,
            reader_password=f"reads-{made.password}",
            entrance=self.postgres.cluster.entrance,
            read_seconds=seconds,
        )

    @contextmanager
    def connected(
        self, made: MadeTenant, database: str = "", **more: Any
    ) -> Iterator[psycopg.Connection]:
        """Connect to a database as the tenant's Odoo does."""
        where = {"host": str(self.postgres.socket_dir), "dbname": database or made.name} | more
        connection = psycopg.connect(
            user=made.name, password=made.password, autocommit=True, connect_timeout=10, **where
        )
        try:
            yield connection
        finally:
            connection.close()

    def run(self, made: MadeTenant, *statements: str) -> None:
        """Run statements as the tenant."""
        with self.connected(made) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, made: MadeTenant, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the first column of a tenant's query."""
        with self.connected(made) as connection:
            return [row[0] for row in connection.execute(query, values or None)]

    def look(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Query the shared catalogs as the admin, from the maintenance database."""
        endpoint = Endpoint(self.postgres.socket_dir)
        with open_admin(endpoint, self.postgres.password, "look") as admin:
            return admin.run(query, *values)

    def remove(self) -> None:
        """Drop everything made, databases first."""
        for made in self.made:
            self.postgres.cluster.drop_database(made.name)
        for made in self.made:
            self.postgres.cluster.drop_role(made.name)
