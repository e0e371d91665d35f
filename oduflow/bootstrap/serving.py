"""Becoming the one server of a data folder."""

import atexit
import os

from oduflow.bootstrap.services import Services


def serve_alone(services: Services, *, wait: float = 0) -> Services:
    """Be the data folder's one server until the process ends, with an up-to-date store.

    Args:
        services: the product's parts.
        wait: seconds to wait for a server that is just going down.

    Raises:
        Conflict: another server works on the data folder, or its store is newer.
    """
    services.server_lock.acquire(f"process {os.getpid()}", wait=wait)
    services.store.migrate()
    atexit.register(services.audit.close)
    return services
