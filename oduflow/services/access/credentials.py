"""Save a git credential after testing it, find one by host and user, check one again."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from oduflow.adapters.git.credentials.checks import CredentialCheck
from oduflow.adapters.git.credentials.entries import Entry, without_suffix
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.failures import AccessRefused
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.urls import RemoteUrl, split_authority
from oduflow.adapters.providers.provider import Provider
from oduflow.adapters.store import Environments
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.credential import (
    CredentialName,
    CredentialState,
    CredentialView,
    SetupRepoAuth,
    Verdict,
    expires_soon,
)
from oduflow.domain.errors import Conflict, Failure, Invalid, NotFound
from oduflow.domain.hosts import DEFAULT_PORTS
from oduflow.domain.next_call import Next
from oduflow.services.groups import GitGroup

OWNER_AND_NAME = 2  # the parts of a repository's path
UNCHECKED = Verdict(CredentialState.UNCHECKED)
NO_API = Verdict(
    CredentialState.VALID,
    detail="This host has no API for checking credentials; `proven` is git's own check.",
)


def save_credential(
    git: GitGroup, team: str, args: SetupRepoAuth
) -> tuple[CredentialView, tuple[str, ...]]:
    """Test a credential with git on its repository, then save it.

    Returns:
        The view, and a warning when an unproven credential was saved on request.

    Raises:
        Invalid: the URL is wrong, or the test failed; nothing was saved.
        Failure: the git server cannot be reached; nothing was saved.
    """
    remote, entry = git.repositories.read_private_url(args.repo_url.get_secret_value(), args.path)
    doubt = _doubt(git, team, remote, entry, insist=not args.keep_unverified)
    git.credentials.keep(team, entry)
    check = CredentialCheck(provider_verdict(git.providers, entry), None if doubt else True, now())
    git.credentials.remember(team, entry, check)
    return credential_view(git.providers, entry, check), (doubt,) if doubt else ()


def find_credential(credentials: Credentials, team: str, args: CredentialName) -> Entry:
    """Return the team's credential for a host, user and optional path.

    Raises:
        Invalid: `host` is not a host name.
        NotFound: the team has no such credential.
        Conflict: it has several, for different paths.
    """
    path = None if args.path is None else "/" + args.path.strip("/")
    server = split_authority(args.host.strip().lower(), DEFAULT_PORTS["https"])
    found = [
        entry
        for entry in credentials.list(team)
        if (entry.host, entry.port) == server
        and args.username in {entry.shown_user, entry.username}
        and (path is None or without_suffix(entry.path) == without_suffix(path))
    ]
    # A file of an older version may hold both spellings of a path.
    found = [entry for entry in found if entry.path == path] or found
    if not found:
        raise NotFound(
            "The team has no such credential.",
            "",
            Next.of("list_credentials", "shows host, username and path of each"),
        )
    paths = sorted({entry.path for entry in found})
    if len(paths) > 1:
        raise Conflict(
            f"{found[0].authority} has several credentials of {found[0].shown_user}, for the "
            f"paths {', '.join(paths)}.",
            f"Pass path, one of: {', '.join(paths)}; / is the whole host.",
        )
    return found[-1]


def check_credential(
    environments: Environments, git: GitGroup, team: str, entry: Entry, repo_url: str | None
) -> CredentialView:
    """Check a credential with its provider's API and with git; save and return the result.

    Raises:
        Failure: the URL is not a repository's, or the result cannot be saved.
    """
    check = CredentialCheck(
        provider_verdict(git.providers, entry),
        _proven(environments, git.repositories, team, entry, repo_url),
        now(),
    )
    git.credentials.remember(team, entry, check)
    return credential_view(git.providers, entry, check)


def provider_verdict(providers: tuple[Provider, ...], entry: Entry) -> Verdict:
    """Return the verdict of the host's provider; a host without an API is always `valid`."""
    for provider in providers:
        if provider.serves(entry.authority):
            return provider.validate(entry.username, entry.token)
    return NO_API


def credential_view(
    providers: tuple[Provider, ...], entry: Entry, check: CredentialCheck | None
) -> CredentialView:
    """Return a credential's view with the result of its last check."""
    verdict = check.verdict if check else UNCHECKED
    return CredentialView.from_row(
        verdict,
        host=entry.authority,
        username=entry.shown_user,
        path=entry.path,
        token=entry.shown_token,
        provider=next((each.name for each in providers if each.serves(entry.authority)), ""),
        expires_soon=expires_soon(verdict.expires_at),
        checked_at=rfc3339(check.checked_at) if check else None,
        proven=check.proven if check else None,
    )


def _doubt(git: GitGroup, team: str, remote: RemoteUrl, entry: Entry, *, insist: bool) -> str:
    """Return why git could not prove a credential; empty when it could.

    Raises:
        Invalid: the credential is not proven, and `insist` is set.
        Failure: the git server cannot be reached, and `insist` is set.
    """
    hint = "Correct it, or choose to keep it unverified."
    try:
        if git.repositories.prove(remote, entry, team=team):
            return ""
        doubt = f"{remote.path} on {remote.host} is public, so reading it proves no credential."
        hint = "Give the URL of a private repository, or choose to keep it unverified."
    except (AccessRefused, NotFound) as refused:
        doubt = refused.message
        if insist:
            raise Invalid(f"{doubt} Nothing was saved.", hint, output=refused.output) from refused
    except Failure as failure:
        if insist:
            raise
        return failure.message
    if insist:
        raise Invalid(f"{doubt} Nothing was saved.", hint)
    return doubt


def _allowed(repositories: GitRepositories, urls: Iterable[str]) -> Iterator[RemoteUrl]:
    """Yield the addresses that are still allowed: an environment may be of a host of before."""
    for url in urls:
        with suppress(Invalid):
            yield repositories.remote(url)


def _proven(
    environments: Environments,
    repositories: GitRepositories,
    team: str,
    entry: Entry,
    repo_url: str | None,
) -> bool | None:
    """Test a credential on the given repository, else on those that the team uses it for.

    Returns:
        None when there is no such repository, all are public, or the git server does not answer.
    """
    if repo_url is not None:
        candidates = [repositories.remote(repo_url)]
        if not entry.fits(candidates[0]):
            raise Invalid(
                "The credential is not for that repository.", "Leave repo_url out, or correct it."
            )
    else:
        used = {row.repo_url for row in environments.list(team)}
        if entry.path.count("/") >= OWNER_AND_NAME:
            used.add(entry.url)
        candidates = [
            remote for remote in _allowed(repositories, sorted(used)) if entry.fits(remote)
        ]
    for remote in candidates:
        try:
            if repositories.prove(remote, entry, team=team):
                return True
        except (AccessRefused, NotFound):
            return False
        except Failure:
            return None
    return None
