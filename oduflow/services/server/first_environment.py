"""Quickstart: create a base template, and an environment from the sample addons."""

import time
from collections.abc import Callable
from importlib import resources
from math import inf
from pathlib import Path
from typing import Any

from oduflow.adapters.git.sample_repository import publish
from oduflow.adapters.git.sample_server import SampleGitServer
from oduflow.domain.access import Actor
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy, Kind, UpstreamFailed
from oduflow.domain.job import Job
from oduflow.domain.outcome import Envelope
from oduflow.domain.plan import Naming
from oduflow.domain.sample import REPOSITORY, sample_port
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import Runner

TEMPLATE = "base-19"
ENVIRONMENT = "demo"
MODULE = "field_notes"
BUSY_SECONDS = 180.0
PAUSE_SECONDS = 0.5


def serve_sample(naming: Naming, server_port: int) -> SampleGitServer:
    """Commit the sample addons and serve them on a loopback port.

    Raises:
        UpstreamFailed: the port is taken.
    """
    root = naming.data_dir / "sample"
    with resources.as_file(resources.files("oduflow") / "sample" / "addons") as addons:
        publish(Path(addons), root / REPOSITORY)
    server = SampleGitServer(root, sample_port(server_port))
    server.start()
    return server


def first_environment(
    runner: Runner, actor: Actor, repo_url: str, on_progress: Callable[[Job], None]
) -> Envelope[Any]:
    """Create the base template and the first environment; start the environment if it exists.

    Returns:
        The environment's envelope; its error is a `conflict` when an environment of that name
        exists and differs.

    Raises:
        Failure: the template or the environment could not be created.
    """

    def call_when_free(tool: str, **arguments: Any) -> Envelope[Any]:
        # After a restart, the reconciler may be starting the same environment and hold its lock.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return runner.call(
                    tool, arguments, actor, Origin("cli"), wait=inf, on_progress=on_progress
                )
            except Busy:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    _require_success(call_when_free("create_template", name=TEMPLATE))
    environment = call_when_free(
        "create_environment",
        name=ENVIRONMENT,
        repo_url=repo_url,
        template=TEMPLATE,
        modules=[MODULE],
    )
    if environment.error is not None and environment.error.kind is Kind.CONFLICT:
        return environment
    if getattr(_require_success(environment).data, "state", None) is EnvironmentState.RUNNING:
        return environment
    return _require_success(call_when_free("start_environment", name=ENVIRONMENT))


def _require_success(envelope: Envelope[Any]) -> Envelope[Any]:
    if envelope.error is not None:
        error = envelope.error
        raise UpstreamFailed(error.message, error.hint, output=error.output)
    return envelope
