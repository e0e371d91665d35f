"""One real instance per worker, with its base template, and a git server with addons."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from oduflow.adapters.git.sample_repository import publish
from oduflow.adapters.git.sample_server import SampleGitServer
from tests.support.base_template import KeptTemplate
from tests.support.instances import (
    Instance,
    destroy_orphans,
    running_instance,
)
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def sample_repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the sample addons; return their URL."""
    root = tmp_path_factory.mktemp("git")
    addons = resources.files("oduflow") / "sample" / "addons"
    publish(Path(str(addons)), root / "addons.git")
    server = SampleGitServer(root, 0)
    server.start()
    yield server.url("addons.git")
    server.stop()


@pytest.fixture(scope="session")
def kept_template(tmp_path_factory: pytest.TempPathFactory) -> KeptTemplate:
    return KeptTemplate.of_run(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def imports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder from which the worker's instance may import."""
    return tmp_path_factory.mktemp("imports")


@pytest.fixture(scope="session")
def instance(
    sample_repository: str, kept_template: KeptTemplate, imports: Path
) -> Iterator[Instance]:
    """Make one instance for this worker, with its base template."""
    destroy_orphans()
    authority = sample_repository.split("/")[2]
    allowed = f'[storage]\nimport_folders = ["{imports}"]\n'
    with running_instance(port=free_port(), git_hosts=(authority,), more=allowed) as made:
        kept_template.give(made)
        yield made
