"""The half of the contract that git itself is held to: tests/contract/git_test.py has the other."""

from tests.contract.suites.git import GitContract


class TestGit(GitContract):
    """Repositories."""
