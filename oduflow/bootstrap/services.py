"""The adapters and services that the faces and the reconcile loop use."""

from dataclasses import dataclass

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.networks import Networks
from oduflow.adapters.firewall.iptables import Firewall
from oduflow.adapters.links.files import LinkFiles
from oduflow.adapters.locks import ServerLock
from oduflow.adapters.store import Facts, RateLimits, Store
from oduflow.bootstrap.oauth import OAuth
from oduflow.domain.access import Actor
from oduflow.kernel.registry import Registry
from oduflow.kernel.runner import Runner
from oduflow.services.access.audit_writer import AuditWriter
from oduflow.services.access.github import GithubAuthenticator
from oduflow.services.access.grants import GrantAuthenticator
from oduflow.services.deps import Deps
from oduflow.services.live_settings import LiveSettings
from oduflow.services.recoverable import Recoverable
from oduflow.services.server.doctor import Doctor
from oduflow.services.server.reconcile_loop import ReconcileLoop
from oduflow.services.uploads.receive import UploadReceiver
from oduflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The adapters and services of one configuration.

    Attributes:
        people: authenticates people who signed in through GitHub.
        recoverables: the nouns that `destroy` removes.
        uploads: writes the parts of uploads.
    """

    settings: Settings
    live: LiveSettings
    runner: Runner
    probe: Doctor
    deps: Deps
    store: Store
    engine: Engine
    networks: Networks
    firewall: Firewall
    server_lock: ServerLock
    reconcile_loop: ReconcileLoop
    audit: AuditWriter
    grants: GrantAuthenticator
    people: GithubAuthenticator
    oauth: OAuth
    rate_limits: RateLimits
    recoverables: tuple[Recoverable, ...]
    uploads: UploadReceiver

    @property
    def registry(self) -> Registry:
        """The operations."""
        return self.runner.registry

    @property
    def verifiers(self) -> tuple[GithubAuthenticator, GrantAuthenticator]:
        """The verifiers of Bearer tokens besides the static ones, in the order of use."""
        return (self.people, self.grants)

    @property
    def links(self) -> LinkFiles:
        """The links that sign a browser in."""
        return self.deps.work.links

    @property
    def facts(self) -> Facts:
        """The store's table of single values."""
        return self.deps.store.facts

    def still_valid(self, actor: Actor) -> bool:
        """Whether the actor's credential is still valid; open streams check it repeatedly."""
        configured = actor.team in self.live.current().teams
        return configured and all(verifier.still_valid(actor) for verifier in self.verifiers)
