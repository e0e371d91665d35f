"""The environment and options of every call of git: all given by us, none found on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.urls import RemoteUrl

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",  # no ~/.gitconfig, no ~/.netrc (an empty HOME sends curl to passwd)
    "LC_ALL": "C",  # messages are matched
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
}
_OPTIONS = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.bigFileThreshold", "32m"),  # larger files are streamed, not held in memory
    ("credential.helper", ""),  # empty: forget the helpers named so far
    ("gc.auto", "0"),  # would go to the background, out of our sight
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("transfer.fsckObjects", "true"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How git is called.

    Args:
        options: what `git` takes before the name of its command.
        environment: all of the variables that git sees.
    """

    options: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository lies: git's own folder outside of the checkout, and the checkout.

    A `.git` inside of the checkout is none of ours and means nothing to git. A bare repository
    has no checkout.
    """

    git_dir: Path
    work_tree: Path | None = None

    def options(self) -> tuple[str, ...]:
        """Name both folders to git, so that it looks for neither."""
        safe = ("-c", f"safe.directory={self.work_tree or self.git_dir}")
        if self.work_tree is None:
            return (*safe, f"--git-dir={self.git_dir}")
        return (*safe, f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}")


NOWHERE = Place(Path("/nonexistent"))
"""For calls without a repository: git must not look for one either."""


def local_environment() -> dict[str, str]:
    """Let git reach no server."""
    return {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": "none"}


def local_settings(place: Place) -> Settings:
    """Let git work on a folder."""
    return Settings(_options((), place), local_environment())


def remote_settings(
    remote: RemoteUrl, place: Place, *, resolved: str | None, helper: str | None, stall_seconds: int
) -> Settings:
    """Let git speak to one server, at the addresses we checked and no others.

    Args:
        remote: the repository asked for; only its scheme is allowed.
        place: where to store what comes.
        resolved: a value of `http.curloptResolve`; None when the host is an address.
        helper: a credential helper in git's notation (gitcredentials(7)); None for none.
        stall_seconds: a transfer slower than 1,000 bytes/s for so long is given up.
    """
    options = [
        (f"protocol.{remote.scheme}.allow", "always"),
        ("http.followRedirects", "false"),
        ("http.proxy", ""),
        ("http.lowSpeedLimit", "1000"),
        ("http.lowSpeedTime", str(stall_seconds)),
    ]
    if resolved:
        options.append(("http.curloptResolve", resolved))
    if helper:
        options += [("credential.helper", helper), ("credential.useHttpPath", "true")]
    return Settings(_options(options, place), {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": remote.scheme})


def _options(more: Iterable[tuple[str, str]], place: Place) -> tuple[str, ...]:
    named = [part for name, value in (*_OPTIONS, *more) for part in ("-c", f"{name}={value}")]
    return (*named, *place.options())
