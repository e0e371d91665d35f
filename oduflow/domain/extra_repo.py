"""Extra repos: addons repositories that a team's environments share, such as Enterprise."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints

from oduflow.domain.audit.addresses import AUDITED_ADDRESS
from oduflow.domain.errors import Invalid, NotFound
from oduflow.domain.names import branch_name, slug
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Model

_AT = "@"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ID = re.compile(r"[a-z2-7]{12}")
_NAME_HELP = "Name of the extra repo, such as enterprise."


class ExtraRepoState(StrEnum):
    """The state of an extra repo."""

    CREATING = "creating"
    DELETING = "deleting"
    READY = "ready"


def reference(text: str) -> str:
    """Normalise `name` or `name@branch`; a branch may hold an `@`, a name may not.

    Raises:
        Invalid: there is no name, or no branch after the `@`.
    """
    name, at, branch = text.partition(_AT)
    if at and not branch.strip():
        raise Invalid(
            f"“{text[:60]}” names no branch.", "Write name@branch, or the name alone for its own."
        )
    return f"{slug(name)}{at}{branch_name(branch)}"


def split_reference(spelled: str) -> tuple[str, str | None]:
    """Split a reference into its name and its branch, None when it has no branch."""
    name, _, branch = spelled.partition(_AT)
    return name, branch or None


def named_once(references: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse two references to one extra repo: only one of its commits can be on the addons path.

    Raises:
        Invalid: an extra repo is named twice.
    """
    names = [split_reference(each)[0] for each in references]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Invalid(f"extra_repos names {', '.join(twice)} more than once.", "Name each once.")
    return references


Reference = Annotated[
    str, StringConstraints(min_length=1, max_length=300), AfterValidator(reference)
]
References = Annotated[tuple[Reference, ...], AfterValidator(named_once)]
RepoName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(slug)]


class AddExtraRepo(Model):
    """A new extra repo."""

    name: Annotated[RepoName, Field(description=_NAME_HELP)]
    repo_url: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500),
        AUDITED_ADDRESS,
        Field(description="https URL of the addons' git repository."),
    ]
    branch: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=240), AfterValidator(branch_name)]
        | None,
        Field(description="Branch that the name alone means; default: the remote's default."),
    ] = None


class ExtraRepoName(Model):
    """One extra repo, by name."""

    name: Annotated[RepoName, Field(description="Name of the extra repo.")]


@dataclass(frozen=True, slots=True)
class ExtraRepo:
    """One row of the store.

    Attributes:
        branch: the branch that its name alone means.
        branches: the newest fetched commit of each branch that was asked for.
        fetched_at: when it was last fetched.
    """

    id: str
    team: str
    name: str
    repo_url: str
    branch: str
    branches: Mapping[str, str]
    state: ExtraRepoState
    created_by: str
    created_at: datetime
    fetched_at: datetime
    step: str = ""
    job: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """One extra repo of an environment, at the commit that the environment uses.

    Attributes:
        repo: the extra repo's id.
        repo_url: its URL, which also names its folder in the container.
        commit: empty until it is checked out; a pin with a commit has a checkout.
    """

    repo: str
    name: str
    repo_url: str
    branch: str
    commit: str = ""

    @property
    def reference(self) -> str:
        """The pin as a reference, `name@branch`."""
        return f"{self.name}{_AT}{self.branch}"


def is_commit(text: str) -> bool:
    """Whether a text is a commit, and so safe as the name of a checkout's folder."""
    return _COMMIT.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether a text is an extra repo's id, and so safe as the name of its folder."""
    return _ID.fullmatch(text) is not None


def pins_text(pins: Iterable[Pin]) -> str:
    """Write pins as one text, for a row or a label."""
    return json.dumps([asdict(pin) for pin in pins])


def read_pins(text: str) -> tuple[Pin, ...]:
    """Parse the text of `pins_text`.

    Raises:
        ValueError: the text is not one of its.
    """
    try:
        pins = tuple(Pin(**each) for each in json.loads(text))
    except TypeError as wrong:
        raise ValueError(text) from wrong
    # They name folders that are mounted, so a forged label must not name any other folder.
    if not all(is_id(pin.repo) and (not pin.commit or is_commit(pin.commit)) for pin in pins):
        raise ValueError(text)
    return pins


def no_extra_repo(name: str) -> NotFound:
    """Make the error for an extra repo that the team does not have."""
    return NotFound(
        f"There is no extra repo “{name}”.",
        "",
        Next.of("list_extra_repos", "shows the existing ones"),
    )


def asked_for(pins: Iterable[Pin], references: Iterable[str]) -> list[str]:
    """Return references as `name@branch`, with the pinned branch when they have none."""
    pinned = {pin.name: pin.branch for pin in pins}
    spelled = []
    for name, branch in map(split_reference, references):
        found = branch or pinned.get(name)
        spelled.append(f"{name}{_AT}{found}" if found else name)
    return spelled


class PinView(Model):
    """An extra repo of an environment, as callers see it."""

    name: str
    branch: str
    commit: str


class BranchView(Model):
    """The newest commit that was fetched of a branch."""

    branch: str
    commit: str


class ExtraRepoView(Model):
    """An extra repo as callers see it. Times are RFC 3339 in UTC."""

    name: str
    team: str
    state: ExtraRepoState
    repo_url: str
    branch: str
    commit: str
    branches: tuple[BranchView, ...]
    environments: tuple[str, ...]
    created_by: str
    created_at: str
    fetched_at: str

    @classmethod
    def of(cls, row: ExtraRepo, environments: tuple[str, ...]) -> Self:
        """Make the view of a row and of the names of the environments that use it."""
        return cls.from_row(
            row,
            commit=row.branches.get(row.branch, ""),
            branches=tuple(
                BranchView(branch=branch, commit=commit)
                for branch, commit in sorted(row.branches.items())
            ),
            environments=environments,
        )


class ExtraRepoList(Model):
    """The team's extra repos, by name."""

    extra_repos: tuple[ExtraRepoView, ...]
