"""The number in `trusted_proxies`: right, too large, too small; on the real server behind a hop."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fakes import BLUE_PASSWORD, ONE_TEAM, basic
from tests.support.hop import hop
from tests.support.quiet_server import QuietServer, quiet_server

pytestmark = pytest.mark.timeout(120)

GUESSER, CLIENT = "127.0.0.2", "127.0.0.3"
PATH = "/api/jobs"


@dataclass
class Behind:
    """A server, and the port of the proxy in front of it."""

    server: QuietServer
    port: int

    def guess(self, times: int, forged: bool = False) -> list[int]:  # noqa: FBT001, FBT002
        return [
            self.server.ask(
                PATH,
                basic(f"guess {n}") | ({"X-Forwarded-For": f"203.0.113.{n}"} if forged else {}),
                source=GUESSER,
                port=self.port,
            ).status
            for n in range(times)
        ]

    def sign_in(self) -> int:
        """Ask as another client behind the same proxy, with the right password."""
        right = basic(BLUE_PASSWORD)
        return self.server.ask(PATH, right, source=CLIENT, port=self.port).status

    @property
    def warnings(self) -> int:
        return self.server.log.count("WARNING A request came with")


def test_the_right_number_limits_the_real_client_alone(tmp_path):
    with behind(tmp_path, trusted=1) as one:
        assert one.guess(8) == [401] * 5 + [429] * 3
        assert one.guess(8, forged=True) == [401] * 5 + [429] * 3
        assert one.sign_in() == 200
        assert one.warnings == 0
        assert "ok    proxies" in one.server.doctor()


def test_one_trusted_proxy_too_many_lets_a_forger_guess_for_ever_and_is_noticed(tmp_path):
    with behind(tmp_path, trusted=2) as many:
        assert many.guess(12, forged=True) == [401] * 12
        assert many.warnings == 0
        assert many.sign_in() == 200
        assert many.warnings == 1
        assert "with 1 entries in X-Forwarded-For, and trusted_proxies = 2" in many.server.log
        assert_found(many)


def test_one_trusted_proxy_too_few_locks_out_every_client_and_is_noticed(tmp_path):
    with behind(tmp_path, trusted=0) as few:
        few.guess(6)
        assert few.warnings == 1
        assert few.sign_in() == 429
        assert few.warnings == 1
        assert "trusted_proxies = 0" in few.server.log
        assert_found(few)


def test_without_a_proxy_no_client_escapes_by_writing_its_headers(tmp_path):
    with quiet_server(tmp_path, ONE_TEAM) as server:
        answers = [
            server.ask(
                PATH,
                basic(f"guess {n}")
                | {"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"}
                | {"X-Real-Ip": f"203.0.113.{n}", "X-Forwarded-Proto": "https"},
                source=GUESSER,
            )
            for n in range(8)
        ]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 3
    assert all("Strict-Transport-Security" not in answer.headers for answer in answers)


def assert_found(behind: Behind) -> None:
    told = behind.server.doctor()
    assert "FAIL  proxies: A request came with" in told
    ready = behind.server.ask("/readyz").text
    assert "proxies" not in ready


@contextmanager
def behind(folder: Path, *, trusted: int) -> Iterator[Behind]:
    with (
        quiet_server(folder, ONE_TEAM, f"trusted_proxies = {trusted}") as server,
        hop(server.port) as port,
    ):
        yield Behind(server, port)
