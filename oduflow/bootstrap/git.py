"""Build the git adapters: repositories, credentials and providers."""

import ssl
from collections.abc import Callable

from oduflow.adapters.git.credentials.store import Credentials
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.locks import FileLocks
from oduflow.adapters.locks.flock import HeldLock
from oduflow.adapters.providers.known import known_providers
from oduflow.domain.plan import Naming
from oduflow.domain.sample import sample_authority
from oduflow.kernel.locks import LockKey
from oduflow.services.groups import GitGroup
from oduflow.settings import ServerSettings, Settings

LOCK_SECONDS = 30  # a write takes milliseconds, but many may wait for the lock


def trusted(server: ServerSettings) -> ssl.SSLContext | None:
    """Return the certificates by which git hosts are trusted; None for the system's."""
    return ssl.create_default_context(cafile=server.ca_bundle) if server.ca_bundle else None


def git_group(
    settings: Settings, naming: Naming, locks: FileLocks, check: Callable[[str], None]
) -> GitGroup:
    """Return the git adapters for one configuration; `check` refuses a change of credentials."""

    def lock(team: str) -> HeldLock:
        key = LockKey.credentials(team)
        held = locks.acquire(key, "another change of credentials", wait=LOCK_SECONDS)
        try:
            check(team)
        except BaseException:
            held.release()
            raise
        return held

    credentials = Credentials(naming.team_folder, lock)
    server = settings.server
    sample = (sample_authority(server.port),) if server.sample else ()
    return GitGroup(
        credentials=credentials,
        providers=known_providers(
            server.github_url,
            server.github_api_url,
            server.gitlab_url,
            server.bitbucket_api_url,
            server.git_allowed_hosts,
            trusted(server),
        ),
        repositories=GitRepositories(
            allowed_hosts=(*server.git_allowed_hosts, *sample),
            helper=credentials.helper,
            describe_credential=credentials.describe,
            authorities=server.ca_bundle,
            scratch=naming.scratch,
        ),
    )
