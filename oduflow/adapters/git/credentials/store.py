"""The credentials of all teams, and the helper command that offers one to git."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from oduflow.adapters.git.credentials import offer
from oduflow.adapters.git.credentials.checks import CredentialCheck, CredentialChecks
from oduflow.adapters.git.credentials.entries import Entry, choose, format_line
from oduflow.adapters.git.credentials.file import CredentialFile
from oduflow.adapters.git.offered_credential import NO_CREDENTIAL, OfferedCredential
from oduflow.adapters.git.urls import RemoteUrl

FILE = ".git-credentials"
CHECKS = ".git-credentials.checks"

Lock = Callable[[str], AbstractContextManager[object]]
"""Takes a team; excludes every other writer of its credentials for a block."""


class Credentials:
    """The teams' credential files.

    A secret is in its team's file and nowhere else: git's command line has the file and the
    repository, and our helper, which git starts, finds the entry. So a killed process leaves
    nothing to clean up.

    Args:
        folder: takes a team, and returns the folder of its files.
        lock: excludes other writers.
    """

    def __init__(self, folder: Callable[[str], Path], lock: Lock) -> None:
        self._folder = folder
        self._lock = lock

    def list(self, team: str) -> tuple[Entry, ...]:
        """Return the team's entries, in the order of their lines.

        Raises:
            UpstreamFailed: the file cannot be read.
        """
        return self._file(team).entries()

    def keep(self, team: str, entry: Entry) -> None:
        """Keep an entry, in place of one of the same address.

        Raises:
            Failure: see `CredentialFile.keep`.
        """
        self._file(team).keep(entry)

    def remove(self, team: str, entry: Entry) -> None:
        """Delete an entry and its check.

        Raises:
            Failure: see `CredentialFile.keep`.
        """
        self._file(team).remove(entry)
        self._checks(team).forget_all_but(self.list(team))

    def checked(self, team: str) -> dict[Entry, CredentialCheck]:
        """Return the last checks of the team's entries."""
        return self._checks(team).of(self.list(team))

    def remember(self, team: str, entry: Entry, check: CredentialCheck) -> None:
        """Store the check of an entry.

        Raises:
            Failure: see `CredentialFile.keep`.
        """
        self._checks(team).put(entry, check, self.list(team))

    def helper(self, team: str, remote: RemoteUrl) -> str | None:
        """Return our helper in git's notation, None when the team has no entry for the remote."""
        if self._chosen(team, remote) is None:
            return None
        return _command(self._folder(team) / FILE, remote)

    def describe(self, team: str, remote: RemoteUrl) -> OfferedCredential:
        """Describe the credential that the helper will offer for the remote."""
        entry = self._chosen(team, remote)
        return describe(entry) if entry else NO_CREDENTIAL

    def _chosen(self, team: str, remote: RemoteUrl) -> Entry | None:
        return choose(self.list(team), remote)

    def _file(self, team: str) -> CredentialFile:
        return CredentialFile(self._folder(team) / FILE, lambda: self._lock(team))

    def _checks(self, team: str) -> CredentialChecks:
        return CredentialChecks(self._folder(team) / CHECKS, lambda: self._lock(team))


def describe(entry: Entry) -> OfferedCredential:
    """Describe an entry for messages."""
    return OfferedCredential(entry.shown, entry.secrets)


@contextmanager
def in_memory_helper(entry: Entry, remote: RemoteUrl) -> Iterator[str]:
    """Return our helper's command line for one entry that is in no file, while the block runs.

    The entry lies in a memory file without a name on disk, which the kernel frees with this
    process.
    """
    descriptor = os.memfd_create("credential")
    try:
        os.write(descriptor, format_line(entry) + b"\n")
        yield _command(Path(f"/proc/{os.getpid()}/fd/{descriptor}"), remote)
    finally:
        os.close(descriptor)


def _command(file: Path, remote: RemoteUrl) -> str:
    words = (sys.executable, "-I", "-S", offer.__file__, str(file), remote.stored)
    return "!" + shlex.join(words)
