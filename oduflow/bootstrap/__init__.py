"""Build the adapters and services, one module for each concern.

No other package creates adapters. Building sends nothing to Docker, PostgreSQL or the network, so
it is quick and succeeds when they are down.
"""

from oduflow.bootstrap.build import OPERATIONS, build
from oduflow.bootstrap.services import Services
from oduflow.bootstrap.serving import serve_alone

__all__ = ["OPERATIONS", "Services", "build", "serve_alone"]
