"""Who asks, and what they may do."""

from dataclasses import dataclass, field
from enum import StrEnum


class Tier(StrEnum):
    """How far a permission reaches; a grant lists the tiers it gives."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"
    ADMIN = "admin"


class Permission(StrEnum):
    """`resource:tier`, alphabetical."""

    ENVIRONMENT_DESTROY = "environment:destroy"
    ENVIRONMENT_READ = "environment:read"
    ENVIRONMENT_WRITE = "environment:write"
    EXTRA_REPO_DESTROY = "extra_repo:destroy"
    EXTRA_REPO_READ = "extra_repo:read"
    EXTRA_REPO_WRITE = "extra_repo:write"
    JOB_READ = "job:read"
    JOB_WRITE = "job:write"
    SYSTEM_READ = "system:read"
    TEMPLATE_DESTROY = "template:destroy"
    TEMPLATE_READ = "template:read"
    TEMPLATE_WRITE = "template:write"

    @property
    def tier(self) -> Tier:
        """The tier after the colon."""
        return Tier(self.value.partition(":")[2])


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

    def __str__(self) -> str:
        """Name the actor as `created_by` and lock holders show it."""
        return self.subject if self.kind is ActorKind.OAUTH else f"{self.kind}:{self.subject}"
