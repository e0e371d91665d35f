"""Guessing at the real server: from one address, from a thousand, one by one and all at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fakes import (
    BLUE_PASSWORD,
    BLUE_TOKEN,
    RED_PASSWORD,
    RED_TOKEN,
    TWO_TEAMS,
    basic,
    bearer,
)
from tests.support.quiet_server import QuietServer, quiet_server

pytestmark = pytest.mark.timeout(180)

HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"').replace(
    '"Red"', '"Red"\nhostname = "red.example.com"'
)
GUESSES = 200
Write = Callable[[str], dict[str, str]]
faces = pytest.mark.parametrize(
    ("path", "write", "guesser"),
    [("/api/jobs", basic, 2), ("/mcp", bearer, 3)],
    ids=["passwords", "tokens"],
)


@faces
def test_200_guesses_one_after_another_are_refused_from_the_sixth(
    server: QuietServer, path: str, write: Write, guesser: int
):
    answers = [
        server.ask(path, write(f"guess number {n}"), source=f"127.1.0.{guesser}")
        for n in range(GUESSES)
    ]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 195
    assert all(0 < int(answer.headers["Retry-After"]) <= 180 for answer in answers[5:])
    right = server.ask("/mcp", bearer(BLUE_TOKEN), source=f"127.1.0.{guesser}").status
    assert right not in {401, 429}, "a right token is accepted at the guesser's own address"
    unharmed(server)


@faces
def test_200_guesses_32_at_a_time_are_refused_from_the_sixth(
    server: QuietServer, path: str, write: Write, guesser: int
):
    with ThreadPoolExecutor(32) as pool:
        answers = list(
            pool.map(
                lambda n: server.ask(path, write(f"guess {n}"), source=f"127.2.0.{guesser}").status,
                range(GUESSES),
            )
        )
    assert sorted(answers) == [401] * 5 + [429] * 195
    unharmed(server)


def test_a_thousand_addresses_against_one_team_leave_known_clients_tokens_and_the_other_team(
    hosts: QuietServer,
):
    blue = {"Host": "blue.example.com"}
    red = {"Host": "red.example.com"}
    known = hosts.ask("/api/jobs", blue | basic(BLUE_PASSWORD), source="127.9.9.9")
    assert known.status == 200

    def guess(number: int) -> int:
        source = f"127.3.{number // 250}.{number % 250 + 1}"
        return hosts.ask("/api/jobs", blue | basic(f"guess {number}"), source=source).status

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(1000)))

    # One failure is forgiven every nine seconds, and the flood takes some.
    assert 100 <= answers.count(401) <= 120
    assert answers.count(401) + answers.count(429) == 1000
    right = blue | basic(BLUE_PASSWORD)
    assert hosts.ask("/api/jobs", right, source="127.9.9.9").status == 200
    assert hosts.ask("/mcp", blue | bearer(BLUE_TOKEN), source="127.9.9.8").status not in {401, 429}
    assert hosts.ask("/api/jobs", red | basic(RED_PASSWORD), source="127.9.9.7").status == 200


def test_what_was_counted_outlives_the_server(tmp_path):
    with quiet_server(tmp_path, TWO_TEAMS) as server:
        answers = [
            server.ask("/api/jobs", basic(f"guess {number}"), source="127.1.0.9").status
            for number in range(6)
        ]
    assert answers[-1] == 429
    with quiet_server(tmp_path, TWO_TEAMS) as server:
        assert server.ask("/mcp", bearer("another"), source="127.1.0.9").status == 429
        assert server.ask("/api/jobs", basic(BLUE_PASSWORD), source="127.1.0.9").status == 429


def test_servers_in_turn_over_one_data_folder_count_on_and_never_refuse_a_right_credential(
    tmp_path,
):
    """Each is killed while a stale token, a right one and guesses come from one address."""
    guesses: list[int] = []
    for turn in range(3):
        with quiet_server(tmp_path, TWO_TEAMS) as server:
            for number in range(4):
                right = [
                    server.ask("/mcp", bearer(BLUE_TOKEN)).status,
                    server.ask("/mcp/", bearer(RED_TOKEN)).status,
                ]
                # Before the guesses this address signs in, so its right password is accepted.
                password = server.ask("/api/jobs", basic(BLUE_PASSWORD)).status
                assert not {401, 429} & {*right, password}
                assert server.ask("/mcp", bearer("a stale token")).status == 401
                path, write = (("/mcp", bearer), ("/api/jobs", basic))[number % 2]
                guesses.append(server.ask(path, write(f"guess {turn}.{number}")).status)
    assert guesses == [401] * 4 + [429] * 8, "the stale token is the fifth distinct one"


def unharmed(server: QuietServer) -> None:
    """Another client of either team is accepted on either face."""
    for password in (BLUE_PASSWORD, RED_PASSWORD):
        assert server.ask("/api/jobs", basic(password), source="127.8.0.1").status == 200
    for token in (BLUE_TOKEN, RED_TOKEN):
        answer = server.ask("/mcp", bearer(token), source="127.8.0.2")
        assert answer.status not in {401, 429}, answer.text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuietServer]:
    with quiet_server(tmp_path_factory.mktemp("limits"), TWO_TEAMS) as started:
        yield started


@pytest.fixture
def hosts(tmp_path) -> Iterator[QuietServer]:
    with quiet_server(tmp_path, HOSTNAMES) as started:
        yield started
