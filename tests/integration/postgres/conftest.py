"""One real PostgreSQL for all, a database filled by the real Odoo, and tenants for each test."""

from collections.abc import Iterator

import pytest

from oduflow.adapters.postgres.cluster import Cluster
from tests.support.odoo_template import fill
from tests.support.postgres_container import PostgresContainer
from tests.support.tenants import MadeTenant, Tenants


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresContainer]:
    container = PostgresContainer()
    try:
        container.start().cluster.prepare()
        yield container
    finally:
        container.remove()


@pytest.fixture(scope="session")
def odoo_template(postgres: PostgresContainer) -> MadeTenant:
    """A sealed template with Odoo's base; it goes with the container."""
    makers = Tenants(postgres)
    made = makers.empty("tpl")
    makers.tenant(made).prepare_empty()
    fill(postgres, made)
    postgres.cluster.seal_template(made.name, made.name)
    return made


@pytest.fixture
def cluster(postgres: PostgresContainer) -> Cluster:
    return postgres.cluster


@pytest.fixture
def tenants(postgres: PostgresContainer) -> Iterator[Tenants]:
    makers = Tenants(postgres)
    yield makers
    makers.remove()
