"""Actors and their permissions, tiers and scopes."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Tier(StrEnum):
    """The level of a permission; a grant lists its tiers."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"
    ADMIN = "admin"


class Permission(StrEnum):
    """The permissions, as `resource:tier`, in alphabetical order."""

    AUDIT_ADMIN = "audit:admin"
    CREDENTIAL_DESTROY = "credential:destroy"
    CREDENTIAL_READ = "credential:read"
    CREDENTIAL_WRITE = "credential:write"
    ENVIRONMENT_DESTROY = "environment:destroy"
    ENVIRONMENT_READ = "environment:read"
    ENVIRONMENT_WRITE = "environment:write"
    EXTRA_REPO_DESTROY = "extra_repo:destroy"
    EXTRA_REPO_READ = "extra_repo:read"
    EXTRA_REPO_WRITE = "extra_repo:write"
    GRANT_ADMIN = "grant:admin"
    GRANT_READ = "grant:read"
    JOB_READ = "job:read"
    JOB_WRITE = "job:write"
    LOGIN_ADMIN = "login:admin"
    SYSTEM_READ = "system:read"
    TEMPLATE_DESTROY = "template:destroy"
    TEMPLATE_READ = "template:read"
    TEMPLATE_WRITE = "template:write"

    @property
    def tier(self) -> Tier:
        """The tier after the colon."""
        return Tier(self.value.partition(":")[2])


class Scope(StrEnum):
    """What an operation is about: what it locks when it writes, and who may call it.

    ENVIRONMENT: the environment in `name`; one outside the actor's restriction is not found.
    EXTRA_REPO: the extra repo in `name`; the whole team's, so restricted actors are refused.
    GRANT: the grant in `name`; the handler finds only grants within the actor's own.
    JOB: the job in `job`; one about an environment outside the restriction is not found.
    NEW_ENVIRONMENT: the environment in `name`, which may not exist yet; the whole team's.
    OUTPUT: the stored text in `handle`; one about an environment outside the restriction is not
        found.
    OWN: everything that the actor may see; the handler leaves out the rest.
    TEAM: the team as a whole; restricted actors are refused.
    TEMPLATE: the template in `name`; the whole team's.
    UPLOAD: the upload in `name`; the whole team's.
    """

    ENVIRONMENT = "environment"
    EXTRA_REPO = "extra_repo"
    GRANT = "grant"
    JOB = "job"
    NEW_ENVIRONMENT = "new_environment"
    OUTPUT = "output"
    OWN = "own"
    TEAM = "team"
    TEMPLATE = "template"
    UPLOAD = "upload"


# The scopes that are about one thing in `name`, which a writing call locks.
NAMED = frozenset(Scope) - {Scope.JOB, Scope.OUTPUT, Scope.OWN, Scope.TEAM}
OPEN_TO_RESTRICTED = frozenset({Scope.ENVIRONMENT, Scope.GRANT, Scope.JOB, Scope.OUTPUT, Scope.OWN})


class ActorKind(StrEnum):
    """How the caller authenticated."""

    ANONYMOUS = "anonymous"
    BASIC = "basic"
    CLI = "cli"
    GRANT = "grant"
    OAUTH = "oauth"
    TOKEN = "token"  # noqa: S105 - the name of a kind, not a secret


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of an operation.

    Attributes:
        team: the team's id; the actor sees only this team's resources.
        kind: how the caller authenticated.
        subject: the GitHub login, the grant's name, `admin`, or the operating-system user.
        tiers: the permitted tiers; all of them unless the caller uses a grant.
        subject_id: an id that does not change when the subject is renamed: the numeric GitHub
            id, or the grant's id; empty for subjects that are never renamed.
        environments: the ids of the environments that the actor is restricted to; None for an
            actor that may access all of the team.
    """

    team: str
    kind: ActorKind
    subject: str
    tiers: frozenset[Tier] = field(default_factory=lambda: frozenset(Tier))
    subject_id: str = ""
    environments: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the actor holds the permission's tier."""
        return permission.tier in self.tiers

    def can_access(self, environment: str) -> bool:
        """Whether the actor may access the environment of that id; an empty id means the team."""
        return self.environments is None or environment in self.environments

    def allows_scopes(self, scopes: AbstractSet[Scope]) -> bool:
        """Whether the actor may call operations that are about all of that."""
        return self.environments is None or scopes <= OPEN_TO_RESTRICTED

    def restricted_to(self, environment: str) -> "Actor":
        """Return the actor restricted to that environment, or to none if it has no access to it."""
        kept = {environment} if self.can_access(environment) else set()
        return replace(self, environments=frozenset(kept))

    def __str__(self) -> str:
        """Return the actor's name as `created_by` and lock holders show it."""
        return self.subject if self.kind is ActorKind.OAUTH else f"{self.kind}:{self.subject}"
