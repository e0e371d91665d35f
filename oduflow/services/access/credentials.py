"""Keep a credential that is proven, find one by what is not secret of it, ask about it."""

from oduflow.adapters.git.credentials.checks import CredentialCheck
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.failures import AccessRefused
from oduflow.adapters.git.urls import RemoteUrl, split_authority
from oduflow.adapters.providers.provider import Provider
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
from oduflow.services.deps import Deps
from oduflow.services.groups import GitGroup

OWNER_AND_NAME = 2  # the parts of a path that is a repository's
UNCHECKED = Verdict(CredentialState.UNCHECKED)
OTHER = Verdict(
    CredentialState.VALID,
    detail="This host has no API that tells about credentials; git tells whether it reads.",
)


def save_credential(
    git: GitGroup, team: str, args: SetupRepoAuth
) -> tuple[CredentialView, tuple[str, ...]]:
    """Prove a credential on its repository, then keep it; answer it and what went less well.

    Raises:
        Invalid: the URL is wrong, or the credential is not proven; nothing was kept.
        Failure: the server cannot be asked; nothing was kept.
    """
    remote, entry = git.repositories.read_private_url(args.repo_url.get_secret_value(), args.path)
    doubt = _doubt(git, remote, entry, insist=not args.keep_unverified)
    git.credentials.keep(team, entry)
    check = CredentialCheck(provider_verdict(git.providers, entry), None if doubt else True, now())
    git.credentials.remember(team, entry, check)
    return credential_view(git.providers, entry, check), (doubt,) if doubt else ()


def find_credential(credentials: Credentials, team: str, args: CredentialName) -> Entry:
    """Return the one credential that is meant.

    Raises:
        Invalid: the host is none.
        NotFound: the team has no such credential.
        Conflict: it has several, for different paths.
    """
    server = split_authority(args.host.strip().lower(), DEFAULT_PORTS["https"])
    found = [
        entry
        for entry in credentials.list(team)
        if (entry.host, entry.port) == server
        and args.username in {entry.shown_user, entry.username}
        and (args.path is None or entry.path == "/" + args.path.strip("/"))
    ]
    if not found:
        raise NotFound(
            "The team has no such credential.",
            "list_credentials shows host, username and path of each.",
        )
    paths = sorted({entry.path for entry in found})
    if len(paths) > 1:
        raise Conflict(
            f"{found[0].authority} has several credentials of {found[0].shown_user}, for the "
            f"paths {', '.join(paths)}.",
            f"Pass path, one of: {', '.join(paths)}; / is the whole host.",
        )
    return found[-1]


def check_credential(deps: Deps, team: str, entry: Entry, repo_url: str | None) -> CredentialView:
    """Ask its provider, and git, what a credential is worth; remember and answer it.

    Raises:
        Failure: the repository is none, or what was found cannot be remembered.
    """
    check = CredentialCheck(
        provider_verdict(deps.git.providers, entry), _proven(deps, team, entry, repo_url), now()
    )
    deps.git.credentials.remember(team, entry, check)
    return credential_view(deps.git.providers, entry, check)


def provider_verdict(providers: tuple[Provider, ...], entry: Entry) -> Verdict:
    """Ask the provider of the host; one without an API takes whatever is kept for valid."""
    for provider in providers:
        if provider.serves(entry.authority):
            return provider.validate(entry.username, entry.token)
    return OTHER


def credential_view(
    providers: tuple[Provider, ...], entry: Entry, check: CredentialCheck | None
) -> CredentialView:
    """Show a credential and what was last found out about it."""
    said = check.verdict if check else UNCHECKED
    return CredentialView(
        host=entry.authority,
        username=entry.shown_user,
        path=entry.path,
        token=entry.shown_token,
        provider=next((each.name for each in providers if each.serves(entry.authority)), ""),
        state=said.state,
        token_kind=said.token_kind,
        login=said.login,
        scopes=said.scopes,
        expires_at=rfc3339(said.expires_at) if said.expires_at else None,
        expires_soon=expires_soon(said.expires_at),
        checked_at=rfc3339(check.checked_at) if check else None,
        proven=check.proven if check else None,
        detail=said.detail,
    )


def _doubt(git: GitGroup, remote: RemoteUrl, entry: Entry, *, insist: bool) -> str:
    """Say why a credential is not proven; empty when it is.

    Raises:
        Invalid: it is not, and the caller insists.
        Failure: the server cannot be asked, and the caller insists.
    """
    hint = "Correct it and call again; keep_unverified=true keeps it as it is."
    try:
        if git.repositories.prove(remote, entry):
            return ""
        doubt = f"{remote.host} lets anybody read {remote.path}, which proves no credential."
        hint = "Give the URL of a private repository, or pass keep_unverified=true."
    except (AccessRefused, NotFound) as refused:
        doubt = refused.message
        if insist:
            raise Invalid(f"{doubt} Nothing was kept.", hint, output=refused.output) from refused
    except Failure as failure:
        if insist:
            raise
        return failure.message
    if insist:
        raise Invalid(f"{doubt} Nothing was kept.", hint)
    return doubt


def _proven(deps: Deps, team: str, entry: Entry, repo_url: str | None) -> bool | None:
    """Try a credential on a repository: the asked-for one, else what the team uses it for.

    Returns:
        None when there is none, none is private, or no server answers.
    """
    if repo_url is not None:
        candidates = [deps.git.repositories.remote(repo_url)]
        if not entry.fits(candidates[0]):
            raise Invalid(
                "The credential is not for that repository.", "Leave repo_url out, or correct it."
            )
    else:
        used = {row.repo_url for row in deps.store.environments.list(team)}
        if entry.path.count("/") >= OWNER_AND_NAME:
            used.add(entry.url)
        candidates = [
            remote
            for url in sorted(used)
            if entry.fits(remote := deps.git.repositories.remote(url))
        ]
    for remote in candidates:
        try:
            if deps.git.repositories.prove(remote, entry):
                return True
        except (AccessRefused, NotFound):
            return False
        except Failure:
            return None
    return None
