"""Set up the pool."""

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
    """Make the pool unless it is there, and check that the engine's containers see it.

    Volumes that exist stay where they are; `move_into_pool` moves them.

    Raises:
        Failure: this machine cannot have a pool; nothing is left of it.
    """
    pool = deps.infrastructure.pool
    new = not pool.image.exists
    deps.infrastructure.set_up_pool()
    try:
        _check_engine(deps, on_progress)
    except BaseException:
        if new and not pool.names():
            pool.image.remove()
        raise
    return clone_state(deps.naming, deps.engine.volumes, pool)


def _check_engine(deps: Deps, on_progress: Callable[[str], None]) -> None:
    """Read a file of the pool in a container: an engine of its own mounts would not show it.

    Raises:
        UpstreamFailed: the container does not see the file.
    """
    engine, naming, word = deps.engine, deps.naming, secrets.token_hex(8)
    image = engine.images.ensure(deps.settings.images.postgres, on_progress)
    name, labels = f"{naming.instance}-{KIND}", naming.labels(KIND)
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
