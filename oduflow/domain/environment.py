"""Environments: the operations' inputs, the row, and the views."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints

from oduflow.domain.addons import MODULE_NAME, CheckoutReport, CheckoutView, CheckoutWarning
from oduflow.domain.audit.addresses import AUDITED_ADDRESS
from oduflow.domain.branch_check import BranchCheck
from oduflow.domain.clock import rfc3339
from oduflow.domain.counting import counted
from oduflow.domain.errors import NotFound, QuotaReached
from oduflow.domain.extra_repo import Pin, PinView, References
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.names import branch_name, slug
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.outcome import WHOLE_TEXT, ErrorView, Model
from oduflow.domain.pending_change import PendingChange
from oduflow.domain.storage import DiskView, MeasuredSize


class EnvironmentState(StrEnum):
    """The state of an environment."""

    CREATING = "creating"
    DELETING = "deleting"
    FAILED = "failed"
    LOST = "lost"
    RUNNING = "running"
    STOPPED = "stopped"

    @property
    def sentence(self) -> str:
        """The state as a sentence about an environment goes on: `is running`, `has failed`."""
        words = {
            EnvironmentState.CREATING: "is being created",
            EnvironmentState.DELETING: "is being deleted",
            EnvironmentState.FAILED: "has failed",
            EnvironmentState.LOST: "has lost its container",
        }
        return words.get(self, f"is {self}")


UNFINISHED = frozenset({EnvironmentState.CREATING, EnvironmentState.DELETING})
MOVING = "move"  # the step of a row whose volumes are being moved into the pool
SERVING_STATES = frozenset({EnvironmentState.RUNNING, EnvironmentState.STOPPED})


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(slug),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
ModuleName = Annotated[str, StringConstraints(pattern=MODULE_NAME)]
NAME_HELP = "1 to 39 characters of a-z, 0-9 and dashes; other text, such as a branch, is converted."


class CreateEnvironment(Model):
    """The parts of a new environment."""

    name: Annotated[Name, Field(description=NAME_HELP)]
    repo_url: Annotated[
        Text | None,
        AUDITED_ADDRESS,
        Field(
            description="URL of the addons' git repository, as its clone button shows it; "
            "default: the template's."
        ),
    ] = None
    branch: Annotated[
        Annotated[Text, AfterValidator(branch_name)] | None,
        Field(
            description="Branch, tag, commit id or refs/…; default: the remote's default branch."
        ),
    ] = None
    template: Annotated[Name | None, Field(description="Template; default: the team's.")] = None
    odoo_image: Annotated[
        Text | None, Field(description="Odoo image; default: the template's own.")
    ] = None
    modules: Annotated[
        tuple[ModuleName, ...],
        Field(max_length=100, description="Modules to install before it is ready."),
    ] = ()
    extra_repos: Annotated[
        References,
        Field(
            max_length=20,
            description="Extra repos, as name or name@branch, such as enterprise@19.0; "
            "the first wins.",
        ),
    ] = ()


class EnvironmentName(Model):
    """One environment, by name."""

    name: Annotated[Name, Field(description="Name of the environment.")]


class ListModules(EnvironmentName):
    """Which modules to list."""

    search: Annotated[
        str | None, Field(max_length=200, description="Only names that contain this.")
    ] = None
    image: Annotated[bool, Field(description="True lists Odoo's own modules too.")] = False


class UndoableChange(EnvironmentName):
    """One environment, whose data a snapshot keeps before they are changed.

    Attributes:
        REPEATABLE: whether an answer may contain the call, whose arguments are no secret.
    """

    REPEATABLE: ClassVar[bool] = True

    without_snapshot: Annotated[
        bool,
        Field(description="True continues if no snapshot can be taken."),
    ] = False


class RebuildEnvironment(UndoableChange):
    """The parts to make anew besides the container."""

    update_extra_repos: Annotated[
        bool,
        Field(description="True moves its extra repos to the newest fetched commits."),
    ] = False


class CopyEnvironment(EnvironmentName):
    """The name of a copy."""

    new_name: Annotated[
        Name,
        Field(description="The copy's name; other text is converted.", examples=["shop-copy"]),
    ]


class ProtectEnvironment(EnvironmentName):
    """Whether to refuse deletion."""

    protected: Annotated[bool, Field(description="False removes the protection.")] = True


class LogSource(StrEnum):
    """What wrote a log."""

    INSTALL = "install"
    ODOO = "odoo"


class GetEnvironmentLogs(EnvironmentName):
    """The lines of the log to show."""

    lines: Annotated[int, Field(ge=1, le=2000, description="How many lines at most.")] = 200
    grep: Annotated[
        str | None,
        Field(max_length=200, description="Text to find, ignoring case."),
    ] = None
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None,
        Field(description="Lowest level."),
    ] = None
    source: Annotated[
        LogSource | None,
        Field(description="Default: odoo, if any."),
    ] = None
    follow: Annotated[bool, Field(description="For polling: only the end.")] = False


@dataclass(frozen=True, slots=True)
class Environment:
    """One row of the store: the request, the parts made so far, and the state.

    Every name in Docker, in PostgreSQL and on disk follows from `id`, `team` and `name` alone
    (`domain/plan.py`), so that a row is enough to finish or undo a creation.

    Attributes:
        served: whether its Odoo has ever served, so that it may hold data of its users.
        uid: the user of the host that its Odoo runs as; None for the image's own.
        filestore: how its filestore is kept.
        applied: the state of its checkout that its Odoo has, and further ones of which it may have
            loaded parts since; empty for the commit without edits.
        applying: a change of code that is under way, or was when a process died.
    """

    id: str
    team: str
    name: str
    repo_url: str
    branch: str
    requested_branch: str | None
    template_id: str
    template: str
    odoo_image: str
    modules: tuple[str, ...]
    state: EnvironmentState
    created_by: str
    created_at: datetime
    commit: str = ""
    step: str = ""
    job: str = ""
    port: int | None = None
    protected: bool = False
    error: ErrorView | None = None
    addons: tuple[str, ...] = ()
    python_deps: str = ""
    extra_repos: tuple[Pin, ...] = ()
    served: bool = True
    uid: int | None = None
    filestore: FilestoreKind = FilestoreKind.VOLUME
    applied: tuple[str, ...] = ()
    applying: PendingChange | None = None

    @property
    def applied_states(self) -> tuple[str, ...]:
        """The states of its checkout, or the commit, that its Odoo has loaded, at least in part."""
        return self.applied or (self.commit,)

    @property
    def replaceable(self) -> bool:
        """Whether a new creation may replace it: its own failed, and nothing in it can be lost."""
        return self.state is EnvironmentState.FAILED and not self.served and not self.protected

    @property
    def shown_error(self) -> ErrorView | None:
        """Its error; without the call that creates it again, if that would be refused."""
        if self.error is None or self.replaceable:
            return self.error
        kept = tuple(step for step in self.error.next if step.reason != RETRY)
        return self.error.model_copy(update={"next": kept})


@dataclass(frozen=True, slots=True)
class RelatedFacts:
    """What the view of an environment shows of other rows.

    Attributes:
        size: what it takes on disk; None while it was not measured.
        neutralized: whether its template was imported and neutralised; None if not imported.
    """

    size: MeasuredSize | None = None
    neutralized: bool | None = None


def no_environment(name: str) -> NotFound:
    """Make the error for a missing environment; one of another team gets the same text."""
    return NotFound(
        f"There is no environment “{name}”.",
        "",
        Next.of("list_environments", "shows the existing ones"),
    )


def team_is_full(count: int, limit: int) -> QuotaReached:
    """Make the error for a team at its limit of environments."""
    return QuotaReached(
        f"The team has {counted(count, 'environment')} and may have {limit}.",
        "Delete one, or raise max_environments of the team.",
    )


class EnvironmentView(Model):
    """An environment as callers see it. Times are RFC 3339 in UTC.

    `moved` says whether the branch has another newest commit than the environment, and `behind`
    by how many commits, null when that is not known, as after a force-push; both as of
    `branch_checked_at`. `edits` counts the files that differ from the commit, null in lists and
    where git cannot tell.

    Without a container there is no log, and nothing to start: rebuild_environment makes one.

    `neutralized` is the template's: null where its data are not of production.
    """

    name: str
    team: str
    state: EnvironmentState
    url: str | None
    repo_url: str
    branch: str
    commit: str
    template: str
    odoo_image: str
    modules: tuple[str, ...]
    protected: bool
    created_by: str
    created_at: str
    has_container: bool = True  # absent in results of jobs older than this field
    extra_repos: tuple[PinView, ...] = ()
    moved: bool = False
    behind: int | None = None
    branch_checked_at: str | None = None
    edits: int | None = None
    step: str | None = None
    job: str | None = None
    error: ErrorView | None = None
    checkout: CheckoutView | None = None  # absent in lists, and before the modules were read
    disk: DiskView | None = None  # absent until it was measured
    neutralized: bool | None = None

    @classmethod
    def of(
        cls,
        row: Environment,
        url: str | None,
        *,
        has_container: bool = True,
        report: CheckoutReport | None = None,
        branch: BranchCheck | None = None,
        related: RelatedFacts | None = None,
    ) -> Self:
        """Make the view of a row.

        Args:
            row: the environment.
            url: the address of its Odoo, None when it cannot answer.
            has_container: whether there is one.
            report: what its checkouts hold.
            branch: how its commit compares with its branch.
            related: what the store has about it besides the row.
        """
        related = related or RelatedFacts()
        return cls.from_row(
            row,
            error=row.shown_error,
            url=url,
            has_container=has_container,
            neutralized=related.neutralized,
            checkout=None if report is None else CheckoutView.of(report),
            extra_repos=tuple(map(PinView.from_row, row.extra_repos)),
            moved=branch is not None and branch.moved,
            behind=branch.behind if branch else None,
            branch_checked_at=rfc3339(branch.checked_at) if branch else None,
            step=row.step or None,
            job=row.job or None,
            disk=DiskView.of(related.size),
        )


class EnvironmentList(Model):
    """The team's environments, by name."""

    environments: tuple[EnvironmentView, ...]


class ModuleView(Model):
    """A module as callers see it; `state` is Odoo's, absent if the database does not know it."""

    name: str
    version: str
    source: str
    path: str
    depends: tuple[str, ...]
    python: tuple[str, ...]
    installable: bool
    state: str | None = None


class ModuleList(Model):
    """An environment's modules by name, and what is wrong with its repositories."""

    modules: tuple[ModuleView, ...]
    warnings: tuple[CheckoutWarning, ...]


class EnvironmentLogs(Model):
    """Lines of an environment's Odoo log: untrusted data that the environment wrote."""

    name: str
    source: LogSource = LogSource.ODOO
    lines: int
    log: Annotated[str, WHOLE_TEXT]


class EnvironmentLogin(Model):
    """The login of a person to an environment's Odoo."""

    url: str | None
    login: str
    password: str
