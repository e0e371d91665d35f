"""The command line options and the environment of every git call: none come from the machine."""

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
    ("gc.auto", "0"),  # would go to the background, past limits and cancellation
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
    ("transfer.fsckObjects", "true"),
)
# Blemishes that old tools left in many histories and that change no file. Git's own clone accepts
# them; a fetch with fsckObjects refuses even what `git fsck` only warns of. The names are those of
# git-fsck(1), which are listed in git 2.37.
_BLEMISHES = (
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTimezone",
    "extraHeaderEntry",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "multipleAuthors",
    "nulInCommit",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
)


@dataclass(frozen=True, slots=True)
class GitInvocation:
    """Options and environment of one git call.

    Args:
        options: what `git` takes before the name of its command.
        environment: every variable that git sees.
    """

    options: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RepositoryPaths:
    """Git's own folder of a repository, and the checkout, which does not contain it.

    So a `.git` inside the checkout, which a repository may bring along, has no effect. A bare
    repository has no checkout.
    """

    git_dir: Path
    work_tree: Path | None = None

    def options(self) -> tuple[str, ...]:
        """Return the options that name both folders, so that git searches for neither."""
        safe = ("-c", f"safe.directory={self.work_tree or self.git_dir}")
        if self.work_tree is None:
            return (*safe, f"--git-dir={self.git_dir}")
        return (*safe, f"--git-dir={self.git_dir}", f"--work-tree={self.work_tree}")


NO_REPOSITORY = RepositoryPaths(Path("/nonexistent"))
"""For calls without a repository, so that git does not search for one."""


def local_environment() -> dict[str, str]:
    """Return an environment in which git may use no protocol, so that it reaches no server."""
    return {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": "none"}


def local_invocation(paths: RepositoryPaths, index: Path | None = None) -> GitInvocation:
    """Return the invocation for a command on a local folder, with an index other than its own."""
    environment = local_environment()
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    return GitInvocation(_options((), paths), environment)


def remote_invocation(
    remote: RemoteUrl,
    paths: RepositoryPaths,
    *,
    resolved: str | None,
    helper: str | None,
    stall_seconds: int,
    authorities: Path | None = None,
) -> GitInvocation:
    """Return the invocation for a command that speaks to one server, at checked addresses only.

    Args:
        remote: the repository asked for; only its scheme is allowed.
        paths: the repository to store objects in.
        resolved: a value of `http.curloptResolve`; None when the host is an address.
        helper: a credential helper in git's notation (gitcredentials(7)); None for none.
        stall_seconds: after this long below 1,000 bytes/s, a transfer is given up.
        authorities: the file of trusted certificate authorities; None for the system's.
    """
    options = [
        (f"protocol.{remote.scheme}.allow", "always"),
        ("http.followRedirects", "false"),
        ("http.proxy", ""),
        ("http.lowSpeedLimit", "1000"),
        ("http.lowSpeedTime", str(stall_seconds)),
        *((f"fetch.fsck.{blemish}", "ignore") for blemish in _BLEMISHES),
    ]
    if authorities:
        options.append(("http.sslCAInfo", str(authorities)))
    if resolved:
        options.append(("http.curloptResolve", resolved))
    if helper:
        options += [("credential.helper", helper), ("credential.useHttpPath", "true")]
    return GitInvocation(
        _options(options, paths), {**_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": remote.scheme}
    )


def _options(more: Iterable[tuple[str, str]], paths: RepositoryPaths) -> tuple[str, ...]:
    named = [part for name, value in (*_OPTIONS, *more) for part in ("-c", f"{name}={value}")]
    return (*named, *paths.options())
