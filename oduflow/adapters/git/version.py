"""The required version of git: older ones silently ignore options that security depends on."""

import re

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.invocation import NO_REPOSITORY, local_invocation
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import UpstreamFailed

# http.curloptResolve, which pins the address that was checked, exists since git 2.37.
_OLDEST = (2, 37)
_SECONDS = 10.0


def installed() -> str:
    """Return git's version, as in "git version 2.39.5".

    Raises:
        UpstreamFailed: git is not installed, or does not work.
    """
    try:
        return call(
            ("version",),
            local_invocation(NO_REPOSITORY),
            AbortCheck("asking git's version", _SECONDS),
        )
    except GitFailed as cause:
        raise UpstreamFailed("Git does not work on this server.", "Reinstall it.") from cause


def require(version: str) -> None:
    """Check that git knows every option that this package uses.

    Raises:
        UpstreamFailed: it is too old.
    """
    numbers = re.search(r"(\d+)\.(\d+)", version)
    if not numbers or (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise UpstreamFailed(
            f"{version} is too old: it would not keep to the addresses that were checked.",
            "Install git {}.{} or newer.".format(*_OLDEST),
        )
