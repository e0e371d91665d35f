"""The database server's adapters."""

from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.postgres.tenant import Tenant
from oduflow.domain.plan import Naming
from oduflow.files.private import ensure_secret
from oduflow.services.groups import PostgresGroup


def postgres_group(naming: Naming) -> PostgresGroup:
    """Make the adapters over the server's socket."""
    folder = naming.postgres_folder()
    socket = folder / "socket"
    return PostgresGroup(
        cluster=Cluster(socket_dir=socket, password=lambda: ensure_secret(folder / "password")),
        tenant=lambda database, password: Tenant(
            socket_dir=socket, database=database, role=database, password=password
        ),
    )
