"""The REST of git credentials, below `/api/credentials`."""

from oduflow.blueprints.credentials.routes import blueprint

__all__ = ["blueprint"]
