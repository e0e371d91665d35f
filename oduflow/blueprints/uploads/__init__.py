"""The bytes of uploads: parts that are appended at an offset."""

from oduflow.blueprints.uploads.routes import blueprint

__all__ = ["blueprint"]
