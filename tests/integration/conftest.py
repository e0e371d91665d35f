"""Real parts: an instance with its base template, and a git server with addons."""

from tests.support.real_fixtures import instance, sample_repository

__all__ = ["instance", "sample_repository"]
