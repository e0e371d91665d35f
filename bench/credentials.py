"""Measure what authentication costs a request, and whether its duration leaks anything."""

import secrets
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.figures import Figure
from oduflow.adapters.store import RateLimits, Store
from oduflow.blueprints.auth.secret_digests import SecretDigests
from oduflow.domain.rate_limits import Claim
from tests.support.audit_trails import open_log
from tests.support.store_rows import audit_row

TEAMS = 20
COMPARISONS = 2000
WRITES = 100


def measure_credentials(rounds: int) -> list[Figure]:
    """Measure without a server; the cases alternate, so that load affects all of them."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite3")
        store.migrate()
        figures = [_same_time(rounds), *_limits(store, rounds), _audit(store, rounds)]
        store.close()
        return figures


def _same_time(rounds: int) -> Figure:
    """Divide the slowest by the fastest median of four kinds of tokens, two of them wrong."""
    figure = Figure("comparing tokens: slowest kind of guess ÷ fastest", 1.02, "times")
    tokens = {str(team): secrets.token_urlsafe(32) for team in range(TEAMS)}
    known = SecretDigests(tokens)
    last = tokens[str(TEAMS - 1)]
    guesses = (tokens["0"], last, f"{last[:-1]}!", "!" * len(last))
    for _ in range(rounds):
        spent: dict[str, list[float]] = {guess: [] for guess in guesses}
        for turn in range(COMPARISONS):
            for step in range(len(guesses)):
                guess = guesses[(turn + step) % len(guesses)]
                spent[guess].append(_seconds(partial(known.team_of, guess)))
        medians = [median(times) for times in spent.values()]
        figure.values.append(max(medians) / min(medians))
    return figure


def _limits(store: Store, rounds: int) -> list[Figure]:
    """Measure a valid credential's first use, which reserves a failure, and its later uses."""
    first = Figure("limits: a right credential's first use", 0.01)
    later = Figure("limits: each use after it", 0.001)
    limits, claim = RateLimits(store, lambda: "key"), Claim.of("127.0.0.1", ["1"])

    def use() -> None:
        limits.look(claim)

    def use_first() -> None:
        limits.succeed(limits.reserve(claim), claim.source, "1")

    for _ in range(rounds):
        first.values.append(median(_seconds(use_first) for _ in range(WRITES)))
        later.values.append(median(_seconds(use) for _ in range(WRITES)))
    return [first, later]


def _audit(store: Store, rounds: int) -> Figure:
    figure = Figure("audit: one row, sealed and on the disk", 0.005)
    log, row = open_log(store), audit_row()
    for _ in range(rounds):
        figure.values.append(median(_seconds(partial(log.append, row)) for _ in range(WRITES)))
    return figure


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
