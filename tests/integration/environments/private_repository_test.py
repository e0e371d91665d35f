"""An environment of a private repository: the token is in its team's file and nowhere else."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from oduflow.adapters.git.sample_repository import publish
from tests.support.git_server import GitServer
from tests.support.instances import Instance
from tests.support.spying import Spy
from tests.support.store_files import files_with
from tests.support.variants import docker, git_host, plan_of, variant

pytestmark = pytest.mark.timeout(300)

TOKEN = "ghp_A1b2C3d4E5f6G7h8I9j0"
NAME = "private"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "server") as running:
        running.accounts["/private/"] = ("me", TOKEN)
        addons = resources.files("oduflow") / "sample" / "addons"
        publish(Path(str(addons)), running.root / "addons.git")
        yield running


@pytest.fixture
def reader(instance: Instance, server: GitServer) -> Iterator[Instance]:
    with variant(instance, git_host(server.authority)) as made:
        yield made
        for seen in made.ok("list_credentials")["credentials"]:
            made.ok("delete_credential", host=seen["host"], username=seen["username"])


def test_without_a_credential_it_says_which_call_is_missing_and_leaves_nothing(reader, server):
    envelope = reader.call(
        "create_environment", name=NAME, repo_url=server.url("private/addons.git")
    )

    assert envelope.error is not None
    assert "the team has none for it" in envelope.error.message
    assert [step.operation for step in envelope.error.next] == [
        "setup_repo_auth",
        "create_environment",
    ]
    assert reader.services.deps.store.environments.get("blue", NAME) is None


def test_a_wrong_one_is_named_masked(reader, server):
    url = f"http://me:{TOKEN}x@{server.authority}/private/addons.git"
    reader.ok("setup_repo_auth", repo_url=url, keep_unverified=True)

    envelope = reader.call(
        "create_environment", name=NAME, repo_url=server.url("private/addons.git")
    )

    assert envelope.error is not None
    assert "refused the credential me:ghp_****" in envelope.error.message
    assert TOKEN not in envelope.model_dump_json()


def test_with_a_good_one_it_serves_and_is_pushed_and_only_the_file_holds_the_token(reader, server):
    url = f"http://me:{TOKEN}@{server.authority}/private/addons.git"
    reader.ok("setup_repo_auth", repo_url=url)
    clean = server.url("private/addons.git")
    with Spy(reader.name) as spy:
        made: dict[str, Any] = reader.ok("create_environment", name=NAME, repo_url=clean)
    plan = plan_of(reader, NAME)
    try:
        assert (made["state"], made["repo_url"]) == ("running", clean)
        assert spy.saw(clean)
        assert not spy.saw(TOKEN)
        inspected = docker("inspect", plan.container)
        assert clean in inspected
        assert TOKEN not in inspected
        server.git("addons", "config", "http.receivepack", "true")
        reader.ok("write_file", name=NAME, path="pushed.txt", content="x\n")
        with Spy(reader.name) as spy:
            pushed = reader.ok("commit_and_push", name=NAME, message="Push it")
        assert server.commit("addons", f"oduflow/{NAME}") == pushed["commit"]
        assert spy.saw("--no-verify")
        assert not spy.saw(TOKEN)
        assert "@" not in (plan.git_dir / "FETCH_HEAD").read_text()
        data = reader.settings.server.data_dir
        assert files_with(data, TOKEN) == ["team_blue/.git-credentials"]
        validated = reader.ok("validate_credential", host=server.authority, username="me")
        assert validated["proven"] is True
    finally:
        reader.ok("delete_environment", name=NAME)
