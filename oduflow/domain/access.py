"""Who asks, and what they may do."""

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
    """What an operation is about, and so whether an actor of a few environments may call it.

    ENVIRONMENT: the environment that its `name` names; another one is not found.
    JOB: the job that its `job` names; one that is about no environment of the actor's is not found.
    OWN: whatever the actor may see; the handler leaves the rest out.
    TEAM: the team as a whole; refused.
    """

    ENVIRONMENT = "environment"
    JOB = "job"
    OWN = "own"
    TEAM = "team"


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
    """Whoever asks: one team, one way of proof, one subject.

    Attributes:
        team: the team's id; everything the actor sees lies in it.
        kind: how the identity was proven.
        subject: the GitHub login, the grant's name, `admin`, or the operating-system user.
        tiers: what the actor may do; everything unless a grant narrows it.
        subject_id: what stays the same when the subject is renamed: the numeric GitHub id, the
            grant's id; empty where the subject itself does.
        environments: the ids of the only environments the actor may touch; None is all of the
            team, and what belongs to the team as a whole.
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

    def reaches(self, environment: str) -> bool:
        """Whether the environment with that id is the actor's to touch; empty is the team's own."""
        return self.environments is None or environment in self.environments

    def covers(self, scope: Scope) -> bool:
        """Whether operations of that scope are open to the actor at all."""
        return self.environments is None or scope is not Scope.TEAM

    def within(self, environment: str) -> "Actor":
        """Return the same actor, who may touch at most the environment with that id."""
        kept = {environment} if self.reaches(environment) else set()
        return replace(self, environments=frozenset(kept))

    def __str__(self) -> str:
        """Name the actor as `created_by` and lock holders show it."""
        return self.subject if self.kind is ActorKind.OAUTH else f"{self.kind}:{self.subject}"
