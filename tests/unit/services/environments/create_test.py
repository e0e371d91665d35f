"""What is settled before anything is made, pulled or asked of git."""

from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.environment import CreateEnvironment, EnvironmentState
from oduflow.domain.errors import Conflict, QuotaReached, UpstreamFailed
from oduflow.kernel.call import Call, Origin
from oduflow.services.environments.create import ensure_environment
from oduflow.settings import parse
from tests.support.fakes import ONE_TEAM
from tests.support.parts import deps_of
from tests.support.store_rows import actor, environment

REPO = "https://example.com/addons.git"
LIMIT = 3
SETTINGS = parse(f"{ONE_TEAM}max_environments = {LIMIT}\n")


def test_a_full_team_learns_it_before_an_image_is_pulled_or_git_is_asked():
    with pytest.raises(QuotaReached) as refused:
        ensure_environment(deps(count=LIMIT), call(), asked())

    assert refused.value.message == f"The team has {LIMIT} environments and may have {LIMIT}."
    assert "max_environments" in refused.value.hint


def test_a_team_with_room_for_one_goes_on():
    with pytest.raises(UpstreamFailed, match="as far as Docker"):
        ensure_environment(deps(count=LIMIT - 1), call(), asked())


def test_a_full_team_is_still_answered_what_is_there():
    there = environment(state=EnvironmentState.RUNNING, repo_url="https://example.com/other.git")

    with pytest.raises(Conflict, match="exists already and differs"):
        ensure_environment(deps(count=LIMIT, there=there), call(), asked())


def deps(*, count: int, there: Any = None) -> Any:
    """Answer parts of which the store and the look at a URL work, and nothing else is there."""

    def away(*_: object) -> None:
        raise UpstreamFailed("It came as far as Docker.")

    return deps_of(
        settings=SETTINGS,
        environments=SimpleNamespace(count=lambda _team: count, get=lambda _team, _name: there),
        infrastructure=SimpleNamespace(require=away),
        repositories=SimpleNamespace(clean_url=str),
    )


def asked() -> CreateEnvironment:
    return CreateEnvironment(name="sale", repo_url=REPO)


def call() -> Call:
    return Call(actor(), Origin("test"))
