"""The application for `flask --app app`."""

from oduflow.web import create_app

__all__ = ["create_app"]
