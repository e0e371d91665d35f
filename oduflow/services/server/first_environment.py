"""The first minutes: a base template, and an environment from the sample addons."""

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
from oduflow.kernel.call import Origin
from oduflow.kernel.runner import Runner

TEMPLATE = "base-19"
ENVIRONMENT = "demo"
MODULE = "field_notes"
REPOSITORY = "addons.git"
PORT_DISTANCE = 770
HIGHEST_PORT = 65535
PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5


def sample_port(server_port: int) -> int:
    """Say on which loopback port the sample addons are served: 8770 beside 8000.

    It follows from the server's port, because environments remember the repository's URL.
    """
    above = server_port + PORT_DISTANCE
    return above if above <= HIGHEST_PORT else server_port - PORT_DISTANCE


def sample_authority(server_port: int) -> str:
    """Name the sample's git server as `git_allowed_hosts` would list it."""
    return f"127.0.0.1:{sample_port(server_port)}"


def sample_url(server_port: int) -> str:
    """Name the sample repository."""
    return f"http://{sample_authority(server_port)}/{REPOSITORY}"


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
    """Make the base template and the first environment, or bring those that exist to serve.

    Returns:
        The environment's envelope; a `conflict` where it is there and is not ours to change.

    Raises:
        Failure: one of them could not be made; says which and why.
    """

    def patiently(tool: str, **arguments: Any) -> Envelope[Any]:
        # After a start, the server itself may be at the same thing, which was running before.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return runner.call(
                    tool, arguments, actor, Origin("cli"), wait=inf, on_progress=on_progress
                )
            except Busy:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE_SECONDS)

    _made(patiently("create_template", name=TEMPLATE))
    environment = patiently(
        "create_environment",
        name=ENVIRONMENT,
        repo_url=repo_url,
        template=TEMPLATE,
        modules=[MODULE],
    )
    if environment.error is not None and environment.error.kind is Kind.CONFLICT:
        return environment
    if getattr(_made(environment).data, "state", None) is EnvironmentState.RUNNING:
        return environment
    return _made(patiently("start_environment", name=ENVIRONMENT))


def _made(envelope: Envelope[Any]) -> Envelope[Any]:
    if envelope.error is not None:
        error = envelope.error
        raise UpstreamFailed(error.message, error.hint, output=error.output)
    return envelope
