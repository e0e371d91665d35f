"""PostgreSQL in memory, held to what the real one does: tests/integration/postgres."""

from dataclasses import dataclass
from itertools import count

import pytest

from tests.contract.suites.cluster import ClusterContract
from tests.support.memory.agent_sql import MemoryAgentSql
from tests.support.memory.postgres import MemoryCluster, MemoryPostgres, MemoryTenant
from tests.support.tenants import MadeTenant

_numbers = count(1)


class TestClusterInMemory(ClusterContract):
    """The cluster."""


@dataclass(frozen=True)
class MemoryTenants:
    """Makes tenants as `tests.support.tenants.Tenants` does."""

    postgres: MemoryPostgres
    cluster: MemoryCluster

    def new(self, kind: str) -> MadeTenant:
        return MadeTenant(f"{kind}_{next(_numbers)}")

    def role(self, kind: str = "env") -> MadeTenant:
        made = self.new(kind)
        self.cluster.create_role(made.name, made.password, connection_limit=3)
        return made

    def empty(self, kind: str = "env") -> MadeTenant:
        made = self.role(kind)
        self.cluster.create_database(made.name, made.name)
        return made

    def template(self) -> MadeTenant:
        made = self.empty("tpl")
        self.cluster.seal_template(made.name, made.name)
        return made

    def tenant(self, made: MadeTenant) -> MemoryTenant:
        return MemoryTenant(self.postgres, made.name, made.password)

    def agent_sql(self, made: MadeTenant) -> MemoryAgentSql:
        return MemoryAgentSql(self.postgres, made.name, made.password, f"reads-{made.password}")


@pytest.fixture
def postgres() -> MemoryPostgres:
    return MemoryPostgres(prepared=True)


@pytest.fixture
def cluster(postgres: MemoryPostgres) -> MemoryCluster:
    return MemoryCluster(postgres)


@pytest.fixture
def tenants(postgres: MemoryPostgres, cluster: MemoryCluster) -> MemoryTenants:
    return MemoryTenants(postgres, cluster)


@pytest.fixture
def odoo(postgres: MemoryPostgres, cluster: MemoryCluster, tenants: MemoryTenants) -> MadeTenant:
    made = tenants.empty("tpl")
    postgres.install(made.name, ["base"], knows=["crm"])
    cluster.seal_template(made.name, made.name)
    return made
