from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oduflow import bootstrap
from oduflow.domain.access import Actor, ActorKind
from oduflow.kernel.call import Origin
from oduflow.settings import parse
from tests.support.fake_provider import FakeProvider
from tests.support.git_server import GitServer

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"


@dataclass
class Parts:
    """The product's own parts over a data folder; only git and providers are asked."""

    services: bootstrap.Services
    config: Path
    data: Path

    def call(self, tool: str, team: str = "1", /, **raw: Any) -> Any:
        actor = Actor(team, ActorKind.CLI, "ada")
        return self.services.runner.call(tool, raw, actor, Origin("cli"))

    def file(self, team: str = "1") -> Path:
        return self.data / f"team_{team}" / ".git-credentials"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as running:
        running.accounts["/private/"] = ("me", TOKEN)
        running.repository("addons", {"main": {"a": "1"}})
        yield running


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def parts(tmp_path: Path, server: GitServer) -> Iterator[Parts]:
    yield from made(tmp_path, server, "")


@pytest.fixture
def github(tmp_path: Path, server: GitServer, provider: FakeProvider) -> Iterator[Parts]:
    """Parts for which the git server is a GitHub Enterprise with a fake API."""
    urls = f'github_url = "http://{server.authority}"\ngithub_api_url = "{provider.url}"'
    yield from made(tmp_path, server, urls)


def made(folder: Path, server: GitServer, more: str) -> Iterator[Parts]:
    config = folder / "oduflow.toml"
    text = f"""
[server]
instance = "test-credentials"
data_dir = "{folder / "data"}"
git_allowed_hosts = ["{server.authority}"]
{more}
[team.1]
auth_token = "a-token-for-tests-only-1"
ui_password = "a-password-for-tests-1"
[team.2]
auth_token = "a-token-for-tests-only-2"
ui_password = "a-password-for-tests-2"
"""
    config.write_text(text)
    config.chmod(0o600)
    services = bootstrap.build(parse(text, config))
    services.store.migrate()
    yield Parts(services, config, folder / "data")
    services.store.close()
    services.engine.close()
