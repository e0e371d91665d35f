"""Commits as answers name them."""

from oduflow.domain.outcome import Model


class CommitLine(Model):
    """A commit, and the first line of its message: untrusted data."""

    commit: str
    subject: str
