"""Kill the real server at a step of a saga.

A point is `<saga>.<step>.<before or after>`: a failpoint that holds the server while a file of that
name exists.
"""

from pathlib import Path
from typing import Any

from tests.support.instances import Instance
from tests.support.server import eventually, serving

SECONDS = 60.0


def points(saga: str, steps: list[str]) -> list[str]:
    """List the failpoints of a saga at which a kill leaves a different state.

    Between `X.after` and the next step's `before` only the row's `step` is written, so each `after`
    but the last would kill the same half-made thing twice.
    """
    return [*(f"{saga}.{step}.before" for step in steps), f"{saga}.{steps[-1]}.after"]


def kill_at(
    instance: Instance, point: str, method: str, path: str, **more: Any
) -> list[dict[str, Any]]:
    """Kill the server while it is held at a step of an operation.

    Returns:
        The environments that it showed until then.
    """
    hold = _failpoint(instance, point)
    reached = hold.with_name(f"{point}.reached")
    hold.touch()
    try:
        with serving(instance) as server:
            server.job(method, path, **more)
            eventually(reached.exists, SECONDS, server.tail)
            shown = server.environments()
            server.kill()
    finally:  # the next server must not be held
        hold.unlink()
        reached.unlink(missing_ok=True)
    return shown


def _failpoint(instance: Instance, name: str) -> Path:
    folder = instance.settings.server.data_dir / "failpoints"
    folder.mkdir(exist_ok=True)
    return folder / name
