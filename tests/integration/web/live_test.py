"""A configuration that changes under the running server."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    RED_PASSWORD,
    RED_TOKEN,
    TWO_TEAMS,
    basic,
    bearer,
)
from tests.support.published_toml import PUBLISHED_BLOCKS
from tests.support.quiet_server import QuietServer, quiet_server
from tests.support.server import eventually

pytestmark = pytest.mark.timeout(120)

ANOTHER = "another-password-012"
SOON = 5.0
_CALLS = count()


def test_a_changed_password_counts_without_a_restart_and_the_old_one_no_more(server: QuietServer):
    assert status(server, basic(BLUE_PASSWORD)) == 200
    edit(server, lambda text: text.replace(BLUE_PASSWORD, ANOTHER))
    eventually(lambda: status(server, basic(ANOTHER)) == 200, SOON, lambda: server.log)
    assert status(server, basic(BLUE_PASSWORD)) == 401
    assert status(server, basic(RED_PASSWORD)) == 200


def test_a_broken_file_changes_nothing_and_is_told(server: QuietServer):
    edit(server, lambda text: f"{text}\n[team.1\n")
    eventually(lambda: told(server, "stays in force"), SOON, lambda: server.log)
    assert status(server, basic(BLUE_PASSWORD)) == 200
    assert "WARNING The previous configuration stays in force." in server.log
    assert BLUE_PASSWORD not in server.log


def test_a_removed_team_can_sign_in_nowhere_any_more(server: QuietServer):
    assert status(server, basic(RED_PASSWORD)) == 200
    assert status(server, bearer(RED_TOKEN), "/mcp") not in {401, 429}
    edit(server, lambda text: text.partition("[team.2]")[0])
    eventually(lambda: status(server, basic(RED_PASSWORD)) != 200, SOON, lambda: server.log)
    assert status(server, bearer(RED_TOKEN), "/mcp") == 401
    assert status(server, basic(BLUE_PASSWORD)) == 200
    assert status(server, bearer(BLUE_TOKEN), "/mcp") not in {401, 429}


def test_a_new_team_waits_for_the_next_start_and_that_is_told(tmp_path):
    with quiet_server(tmp_path, ONE_TEAM) as server:
        edit(server, lambda text: text + TWO_TEAMS.removeprefix(ONE_TEAM))
        eventually(lambda: told(server, "[team.2] takes effect"), SOON, lambda: server.log)
        assert status(server, basic(RED_PASSWORD)) == 401


@pytest.mark.parametrize("block", PUBLISHED_BLOCKS.values(), ids=PUBLISHED_BLOCKS)
def test_the_server_starts_with_every_published_example(tmp_path, block: str):
    with quiet_server(tmp_path, block) as server:
        assert "INFO  [team.1] http" in server.log
        assert "(MCP token " in server.log


def test_the_line_of_an_open_team_is_in_the_log_of_the_real_server(tmp_path):
    with quiet_server(tmp_path, "[team.1]\n") as server:
        line = f"INFO  [team.1] http://localhost:{server.port}/ "
        assert f"{line}(MCP token OFF, OAuth OFF, UI auth OFF)" in server.log.splitlines()
        assert status(server, {}) == 200
        assert status(server, basic("anything at all")) == 401
        assert status(server, {"Via": "1.1 proxy"}) == 401


def status(server: QuietServer, headers: dict[str, str], path: str = "/api/jobs") -> int:
    # Each time from elsewhere, so that no wrong one counts against the next.
    number = next(_CALLS)
    return server.ask(path, headers, source=f"127.5.{number // 250}.{number % 250 + 1}").status


def told(server: QuietServer, words: str) -> bool:
    """Ask anything, so that the server looks at its file, and see what it says."""
    server.ask("/healthz")
    return words in server.log


def edit(server: QuietServer, change: Callable[[str], str]) -> None:
    server.config.write_text(change(server.config.read_text()))


@pytest.fixture
def server(tmp_path) -> Iterator[QuietServer]:
    with quiet_server(tmp_path, TWO_TEAMS) as started:
        yield started
