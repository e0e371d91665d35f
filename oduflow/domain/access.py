"""Actors, and what they may do: permissions, tiers, scopes."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Tier(StrEnum):
    """How far a permission reaches; a grant lists the tiers it gives."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"
    ADMIN = "admin"


class Permission(StrEnum):
    """`resource:tier`, alphabetical."""

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
    OWN: everything that the actor may see; the handler leaves out the rest.
    TEAM: the team as a whole; restricted actors are refused.
    TEMPLATE: the template in `name`; the whole team's.
    """

    ENVIRONMENT = "environment"
    EXTRA_REPO = "extra_repo"
    GRANT = "grant"
    JOB = "job"
    NEW_ENVIRONMENT = "new_environment"
    OWN = "own"
    TEAM = "team"
    TEMPLATE = "template"


OPEN_TO_RESTRICTED = frozenset({Scope.ENVIRONMENT, Scope.GRANT, Scope.JOB, Scope.OWN})


class ActorKind(StrEnum):
    """How the caller proved who they are."""

    ANONYMOUS = "anonymous"
    BASIC = "basic"
    CLI = "cli"
    GRANT = "grant"
    OAUTH = "oauth"
    TOKEN = "token"  # noqa: S105 - the name of a kind, not a secret


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of an operation: one team, one way of proof, one subject.

    Attributes:
        team: the team's id; everything the actor sees lies in it.
        kind: how the identity was proven.
        subject: the GitHub login, the grant's name, `admin`, or the operating-system user.
        tiers: what the actor may do; everything unless a grant narrows it.
        subject_id: what stays the same when the subject is renamed: the numeric GitHub id, the
            grant's id; empty where the subject itself does.
        environments: the ids of the only environments the actor may touch; None for an actor
            that is not restricted and may touch all of the team.
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
        """Whether the actor may touch the environment of that id; empty is the team's own."""
        return self.environments is None or environment in self.environments

    def allows_scope(self, scope: Scope) -> bool:
        """Whether operations of that scope are open to the actor at all."""
        return self.environments is None or scope in OPEN_TO_RESTRICTED

    def restricted_to(self, environment: str) -> "Actor":
        """Return the same actor, restricted to at most the environment of that id."""
        kept = {environment} if self.can_access(environment) else set()
        return replace(self, environments=frozenset(kept))

    def __str__(self) -> str:
        """Name the actor as `created_by` and lock holders show it."""
        return self.subject if self.kind is ActorKind.OAUTH else f"{self.kind}:{self.subject}"
