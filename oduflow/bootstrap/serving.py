"""Make this process the only server of a data folder."""

import atexit
import os

from oduflow.bootstrap.services import Services


def serve_alone(services: Services, *, wait: float = 0) -> Services:
    """Lock the data folder until the process ends, and migrate the store.

    Args:
        services: the adapters and services.
        wait: seconds to wait for another server that is shutting down.

    Raises:
        Conflict: another server uses the data folder, or the store is of a newer version.
    """
    services.server_lock.acquire(f"process {os.getpid()}", wait=wait)
    services.store.migrate()
    atexit.register(services.audit.close)
    return services
