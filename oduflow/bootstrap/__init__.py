"""The only place where adapters are made and passed on, one module a concern.

Nothing here talks to Docker, PostgreSQL or the network: building is cheap and cannot fail for
want of them.
"""

from oduflow.bootstrap.build import OPERATIONS, build
from oduflow.bootstrap.services import Services
from oduflow.bootstrap.serving import serve_alone

__all__ = ["OPERATIONS", "Services", "build", "serve_alone"]
