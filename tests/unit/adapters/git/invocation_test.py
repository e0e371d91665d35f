from pathlib import Path

from oduflow.adapters.git.invocation import (
    NO_REPOSITORY,
    RepositoryPaths,
    local_invocation,
    remote_invocation,
)
from oduflow.adapters.git.urls import parse_url

REMOTE = parse_url("https://git.example/a/b")
PLACE = RepositoryPaths(Path("/data/git"), Path("/data/work"))


def test_a_local_call_reaches_no_server():
    settings = local_invocation(PLACE)
    assert settings.environment["GIT_ALLOW_PROTOCOL"] == "none"
    assert "protocol.allow=never" in settings.options
    assert not [option for option in settings.options if option.endswith("allow=always")]


def test_a_remote_call_may_use_the_scheme_of_its_url_only():
    settings = _remote(helper=None)
    assert settings.environment["GIT_ALLOW_PROTOCOL"] == "https"
    assert [option for option in settings.options if option.endswith("allow=always")] == [
        "protocol.https.allow=always"
    ]
    assert "http.curloptResolve=git.example:443:140.82.121.4" in settings.options


def test_every_helper_found_elsewhere_is_forgotten_before_ours_is_named():
    helpers = [
        option for option in _remote(helper="/our/helper").options if "credential.h" in option
    ]
    assert helpers == ["credential.helper=", "credential.helper=/our/helper"]
    assert "credential.helper=" in _remote(helper=None).options


def test_git_is_told_its_folders_and_trusts_no_other():
    assert local_invocation(PLACE).options[-4:] == (
        "-c",
        "safe.directory=/data/work",
        "--git-dir=/data/git",
        "--work-tree=/data/work",
    )
    assert local_invocation(NO_REPOSITORY).options[-1] == "--git-dir=/nonexistent"


def test_git_prompts_for_nothing_and_finds_no_configuration():
    environment = local_invocation(PLACE).environment
    assert environment["GIT_TERMINAL_PROMPT"] == "0"
    assert environment["GIT_ASKPASS"] == environment["SSH_ASKPASS"] == "/bin/false"
    assert environment["GIT_CONFIG_NOSYSTEM"] == "1"
    assert environment["GIT_CONFIG_GLOBAL"] == "/dev/null"
    assert environment["HOME"] == "/nonexistent"


def _remote(helper: str | None):
    return remote_invocation(
        REMOTE,
        PLACE,
        resolved="git.example:443:140.82.121.4",
        helper=helper,
        stall_seconds=60,
    )
