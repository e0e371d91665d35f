"""Build the PostgreSQL adapters."""

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.plan import Naming
from oduflow.files.private import ensure_secret
from oduflow.services.groups import PostgresGroup


def postgres_group(naming: Naming) -> PostgresGroup:
    """Return the adapters, which connect through the server's socket."""
    folder = naming.postgres_folder()
    socket = folder / "socket"
    cluster = Cluster(socket_dir=socket, password=lambda: ensure_secret(folder / "password"))
    return PostgresGroup(
        cluster=cluster,
        tenant=lambda database, password: Tenant(
            socket_dir=socket,
            database=database,
            role=database,
            password=password,
            entrance=cluster.entrance,
        ),
    )
