"""Set up the teams' pools."""

import secrets
from collections.abc import Callable

from oduflow.domain.container import ContainerSpec, Mount
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.storage import CloneState
from oduflow.services.deps import Deps
from oduflow.services.storage.outside import clone_state

KIND = "pool-check"  # a label
CHECK_SECONDS = 60.0
_TARGET = "/mnt/check"


def set_up_storage(deps: Deps, on_progress: Callable[[str], None]) -> CloneState:
    """Make a pool for each team unless it is there; check that the engine's containers see it.

    Volumes that exist stay where they are; `move_into_pool` moves them.

    Raises:
        Failure: this machine cannot have pools; nothing is left of it.
    """
    pools, infrastructure = deps.infrastructure.pools, deps.infrastructure
    made = infrastructure.set_up_pools()
    try:
        for team in deps.settings.teams:
            _check_engine(deps, team, on_progress)
    except BaseException:
        infrastructure.give_up_pools(made)
        raise
    return clone_state(deps.naming, deps.engine.volumes, pools)


def _check_engine(deps: Deps, team: str, on_progress: Callable[[str], None]) -> None:
    """Read a file of the pool in a container: an engine of its own mounts would not show it.

    Raises:
        UpstreamFailed: the container does not see the file.
    """
    engine, naming, word = deps.engine, deps.naming, secrets.token_hex(8)
    image = engine.images.ensure(deps.settings.images.postgres, on_progress)
    name, labels = f"{naming.instance}-{KIND}", naming.labels(KIND, team=team)
    engine.containers.remove(name)
    engine.volumes.remove(name)
    try:
        (engine.volumes.ensure(name, labels=labels).mountpoint / "word").write_text(word)
        spec = ContainerSpec(
            name=name,
            image=image.id,
            labels=labels,
            entrypoint=("cat", f"{_TARGET}/word"),
            user="0:0",
            mounts=(Mount("volume", _TARGET, name),),
        )
        result = engine.containers.run_one_off(spec, timeout=CHECK_SECONDS)
    finally:
        engine.containers.remove(name)
        engine.volumes.remove(name)
    if result.output.strip() != word:
        raise UpstreamFailed(
            "Docker does not see the files of the pool.",
            "Its engine has mounts of its own, as that of a snap: install Docker as a package.",
            output=result.output,
        )
