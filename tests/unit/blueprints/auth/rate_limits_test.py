import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oduflow.adapters.store import RateLimits
from oduflow.blueprints.auth import authenticate_bearer
from oduflow.blueprints.auth.rate_limits import compare_credential
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.errors import Busy, Forbidden, Kind, RateLimited
from tests.support.empty_store import open_empty_store
from tests.support.fakes import (
    BASE_URL,
    BLUE_PASSWORD,
    BLUE_TOKEN,
    ONE_TEAM,
    RED_PASSWORD,
    RED_TOKEN,
    TWO_TEAMS,
    World,
    basic,
    bearer,
    make_world,
)

NOW = 1_700_000_000_000  # a fixed time: no failure expires while a test runs
BLUE = Actor("1", ActorKind.BASIC, "admin")
HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"').replace(
    '"Red"', '"Red"\nhostname = "red.example.com"'
)
FACES = [("/api/things", basic), ("/bearer", bearer)]
faces = pytest.mark.parametrize(("path", "write"), FACES, ids=["basic", "bearer"])
RIGHT = {"/api/things": BLUE_PASSWORD, "/bearer": BLUE_TOKEN}
Make = Callable[..., World]


@faces
def test_200_wrong_ones_after_another_are_refused_from_the_sixth(made: Make, path, write):
    world = made()
    answers = [ask(world, path, write(f"wrong {number}")) for number in range(200)]
    assert answers == [401] * 5 + [429] * 195


def test_a_refusal_says_when_to_come_back_and_not_why(made: Make):
    world = made()
    for number in range(5):
        ask(world, "/api/things", basic(f"wrong {number}"))
    answer = world.client().get("/api/things", headers=basic("wrong"))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "180"
    assert answer.json["kind"] == "rate_limited"
    assert "WWW-Authenticate" not in answer.headers


@faces
def test_a_client_that_repeats_one_wrong_credential_is_counted_once(made: Make, path, write):
    world = made()
    answers = []
    for _ in range(50):
        assert ask(world, path, write("an old one")) == 401
        answers.append(ask(world, path, write(RIGHT[path])))
    assert set(answers) == {200}
    assert [ask(world, path, write(f"wrong {n}")) for n in range(5)] == [401] * 4 + [429]
    assert ask(world, path, write("an old one")) == 401


def test_a_right_token_is_accepted_at_a_limited_address_also_a_fresh_one(made: Make):
    world = made()
    fail(world, "/bearer", bearer)
    assert ask(world, "/bearer", bearer("another wrong one")) == 429
    assert ask(world, "/bearer", bearer(BLUE_TOKEN)) == 200


def test_an_unknown_address_that_is_limited_learns_nothing_from_a_right_password(made: Make):
    """Else it would go on guessing: one answer would differ."""
    world = made()
    fail(world, "/api/things")
    right = world.client().get("/api/things", headers=basic(BLUE_PASSWORD))
    wrong = world.client().get("/api/things", headers=basic("wrong"))
    assert right.status_code == wrong.status_code == 429
    assert right.json == wrong.json


def test_a_password_is_accepted_at_a_limited_address_that_signed_in_before_also_after_a_restart(
    made: Make,
):
    world = made()
    assert ask(world, "/api/things", basic(BLUE_PASSWORD)) == 200
    fail(world, "/api/things")
    for again in (world, made()):
        assert ask(again, "/api/things", basic(BLUE_PASSWORD)) == 200
        assert ask(again, "/api/things", basic("wrong")) == 429


def test_an_address_that_signed_in_to_one_team_cannot_guess_the_password_of_another(made: Make):
    world = made(TWO_TEAMS)
    assert ask(world, "/api/things", basic(RED_PASSWORD)) == 200
    fail(world, "/api/things")
    assert ask(world, "/api/things", basic(BLUE_PASSWORD)) == 429
    assert ask(world, "/api/things", basic(RED_PASSWORD)) == 200


def test_guesses_stay_limited_over_a_restart(made: Make):
    fail(made(), "/bearer", bearer)
    assert ask(made(), "/bearer", bearer("one more")) == 429


def test_the_faces_share_one_count(made: Make):
    world = made()
    for number in range(3):
        ask(world, "/api/things", basic(f"wrong {number}"))
        ask(world, "/bearer", bearer(f"wrong {number}"))
    assert ask(world, "/bearer", bearer("wrong")) == 429
    assert ask(world, "/", basic("wrong")) == 429


def test_another_address_and_the_other_team_are_unharmed(made: Make):
    world = made(TWO_TEAMS)
    fail(world, "/api/things")
    for password in (BLUE_PASSWORD, RED_PASSWORD):
        assert ask(world, "/api/things", basic(password), address="127.0.0.2") == 200


def test_right_ones_are_never_counted_however_many(made: Make):
    world = made()
    answers = {ask(world, "/api/things", basic(BLUE_PASSWORD)) for _ in range(50)}
    assert answers == {200}


def test_right_ones_that_come_all_at_once_are_all_let_in(made: Make):
    world = made()
    with ThreadPoolExecutor(32) as pool:
        answers = list(
            pool.map(lambda _: ask(world, "/api/things", basic(BLUE_PASSWORD)), range(100))
        )
    assert set(answers) == {200}


def test_a_request_without_a_credential_is_not_counted(made: Make):
    world = made()
    assert {ask(world, "/api/things", {}) for _ in range(20)} == {401}
    assert ask(world, "/api/things", basic(BLUE_PASSWORD)) == 200


def test_a_success_wipes_nothing_out(made: Make):
    """Otherwise a member of team 2 could guess the password of team 1 without a limit."""
    world = made(TWO_TEAMS)
    answers = []
    for number in range(8):
        answers.append(ask(world, "/api/things", basic(f"wrong {number}")))
        ask(world, "/api/things", basic(RED_PASSWORD))
    assert answers == [401] * 5 + [429] * 3


def test_of_200_guesses_at_once_five_are_compared(made: Make):
    world, compared, begin = made(), [], threading.Barrier(32)

    def compare() -> Actor | None:
        compared.append(1)
        return None

    def guess(number: int) -> str:
        if number < 32:
            begin.wait(10)
        with world.app.test_request_context("/", base_url=BASE_URL):
            try:
                compare_credential("basic", compare, presented=f"guess {number}")
            except RateLimited:
                return "limited"
        return "wrong"

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(guess, range(200)))
    assert len(compared) == answers.count("wrong") == 5


@pytest.mark.thorough
def test_a_flood_from_many_addresses_leaves_known_clients_right_tokens_and_other_teams(
    made: Make, caplog: pytest.LogCaptureFixture
):
    world = made(HOSTNAMES)
    blue, red = "http://blue.example.com", "http://red.example.com"
    assert ask(world, "/api/things", basic(BLUE_PASSWORD), address="192.0.2.1", at=blue) == 200
    flood = [
        ask(world, "/api/things", basic("x"), address=f"10.1.{n // 250}.{n % 250}", at=blue)
        for n in range(1000)
    ]
    assert flood == [401] * 100 + [429] * 900
    assert sum("too many" in line for line in caplog.messages) == 1

    def right(address: str, **more: str) -> int:
        return ask(world, "/api/things", basic(BLUE_PASSWORD), address=address, at=blue)

    assert right("192.0.2.1") == 200
    assert right("192.0.2.2") == 429
    assert ask(world, "/bearer", bearer(BLUE_TOKEN), address="192.0.2.3", at=blue) == 200
    assert ask(world, "/bearer", bearer("wrong"), address="192.0.2.4", at=blue) == 401
    assert ask(world, "/api/things", basic(RED_PASSWORD), address="192.0.2.5", at=red) == 200


def test_a_known_clients_restarted_server_still_knows_it(made: Make, ledger: RateLimits):
    world = made()
    assert ask(world, "/api/things", basic(BLUE_PASSWORD), address="192.0.2.1") == 200
    for number in range(120):
        ask(world, "/api/things", basic("x"), address=f"10.0.0.{number}")
    restarted = made()
    assert ask(restarted, "/api/things", basic(BLUE_PASSWORD), address="192.0.2.1") == 200
    assert ask(restarted, "/api/things", basic(BLUE_PASSWORD), address="192.0.2.2") == 429


def test_what_was_right_once_is_no_guess(made: Make):
    """Such as the token of a removed person, or an expired one."""
    world = made()

    def refuse() -> Actor | None:
        raise Forbidden("This user may not come in any more.")

    for _ in range(20):
        with world.app.test_request_context("/", base_url=BASE_URL), pytest.raises(Forbidden):
            compare_credential("bearer", refuse, presented="once right")
    assert ask(world, "/api/things", basic("wrong")) == 401


def test_a_password_that_was_right_is_compared_every_time_and_counted_once_it_is_wrong(made: Make):
    world = made()
    local = {"REMOTE_ADDR": "127.0.0.1"}
    with world.app.test_request_context("/", base_url=BASE_URL, environ_base=local):
        assert compare_credential("basic", lambda: BLUE, presented="it") == BLUE
        for _ in range(5):
            assert compare_credential("basic", lambda: None, presented="it") is None
    assert [ask(world, "/api/things", basic(f"wrong {n}")) for n in range(5)] == [401] * 4 + [429]


def test_a_right_one_costs_the_store_no_write_but_the_first(made: Make, ledger: RateLimits):
    world = made()
    ask(world, "/api/things", basic(BLUE_PASSWORD))

    def refuse(*_anything: object) -> None:
        raise AssertionError("a write")

    world.rate_limits.reserve = world.rate_limits.succeed = refuse  # type: ignore[method-assign,assignment]
    assert ask(world, "/api/things", basic(BLUE_PASSWORD)) == 200
    assert ask(world, "/api/things", basic(BLUE_PASSWORD), address="192.0.2.9") == 500


@faces
def test_a_right_one_is_accepted_though_the_store_cannot_remember_it(
    made: Make, caplog: pytest.LogCaptureFixture, path, write
):
    world = made()

    def busy(*_anything: object) -> None:
        raise Busy("The store is being written by another process.")

    world.rate_limits.succeed = busy  # type: ignore[method-assign,assignment]
    answers = [ask(world, path, write(RIGHT[path])) for _ in range(10)]
    assert answers == [200] * 10
    assert sum("not remembered" in line for line in caplog.messages) == 1


def test_a_flood_of_refusals_is_logged_once_a_minute_without_what_was_presented(
    made: Make, caplog: pytest.LogCaptureFixture
):
    world = made()
    with caplog.at_level(logging.INFO):
        for number in range(50):
            ask(world, "/api/things", basic(f"slip {number}"))
    told = [record.getMessage() for record in caplog.records]
    assert told[:5] == ["basic: wrong credential from 127.0.0.1"] * 5
    assert len(told) == 6
    assert "slip" not in caplog.text


@faces
def test_a_rate_limited_sign_in_is_audited_and_logged_for_each_address(
    made: Make, caplog: pytest.LogCaptureFixture, path, write
):
    world = made()
    for address in ("192.0.2.1", "198.51.100.1"):
        for number in range(7):
            ask(world, path, write(f"wrong {number}"), address=address)

    credential = "bearer" if path == "/bearer" else "basic"
    limited = [row for row in world.audit.strangers if row.outcome is Kind.RATE_LIMITED]
    assert [row.operation for row in limited] == ["sign_in"] * 4
    assert all(row.fields == {"credential": credential} for row in limited)
    told = [line for line in caplog.messages if "too many" in line]
    assert [line.partition(":")[0] for line in told] == [credential] * 2
    assert ["192.0.2.1 is refused" in line for line in told] == [True, False]


def test_a_right_token_of_the_other_team_is_no_failure_of_its_own(made: Make):
    world = made(TWO_TEAMS)
    for token in (BLUE_TOKEN, RED_TOKEN) * 10:
        assert ask(world, "/bearer", bearer(token)) == 200


def ask(
    world: World, path: str, headers: dict[str, str], *, address: str = "127.0.0.1", at: str = ""
) -> int:
    answer = world.client().get(
        path,
        headers=headers,
        base_url=at or BASE_URL,
        environ_overrides={"REMOTE_ADDR": address},
    )
    return int(answer.status_code)


def fail(world: World, path: str, write: Callable[[str], dict[str, str]] = basic) -> None:
    assert [ask(world, path, write(f"wrong {n}")) for n in range(6)] == [401] * 5 + [429]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[RateLimits]:
    store = open_empty_store(tmp_path / "store.sqlite")
    yield RateLimits(store, lambda: "key", lambda: NOW)
    store.close()


@pytest.fixture
def made(ledger: RateLimits) -> Make:
    def make(toml: str = ONE_TEAM) -> World:
        world = make_world(toml)
        world.rate_limits = ledger
        world.app.add_url_rule("/bearer", view_func=lambda: authenticate_bearer().team)
        return world

    return make
