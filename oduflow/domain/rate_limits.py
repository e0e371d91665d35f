"""Rate limits for wrong credentials: how many are too many, for which address and team.

Distinct credentials are counted: a program that repeats an old token guesses nothing.

A counter is stored as one time: when it will be empty again. Each failure moves that time later by
the time in which one failure expires. A failure that would move it beyond the whole window does not
fit (the generic cell rate algorithm of ITU-T I.371). So failures of a full counter expire one by
one, and a failure that is given back has no effect, even after others were added.

All times are whole milliseconds since 1970: with fractions, rounding would refuse the fifth of
five failures.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from oduflow.domain.addresses import CUSTOMER_BITS, SITE_BITS, client_network

_PORTLESS = 1  # colons in an IPv4 address with a port, as some proxies write it
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of failures at once, which expire evenly over a number of seconds."""

    failures: int
    seconds: int

    @property
    def window(self) -> int:
        """The time after which a full counter is empty, in milliseconds."""
        return self.seconds * 1000

    @property
    def cost(self) -> int:
        """The time in which one failure expires, in milliseconds."""
        return self.window // self.failures


QUARTER = 15 * 60
ADDRESS = Limit(5, QUARTER)  # one IPv4 address, or the /64 that one IPv6 customer has at least
SITE = Limit(25, QUARTER)  # the /48 that one IPv6 customer has at most
TEAM = Limit(100, QUARTER)  # one team, from all addresses
SAME = Limit(1, 3600)  # one wrong credential from one source is counted once an hour
REMEMBERED_SECONDS = 24 * 3600  # how long an address is known to a team after a sign-in


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of failures, and its limit."""

    key: str
    limit: Limit

    def after(self, clear_at: int, now: int) -> int:
        """Return when the counter is empty after one more failure."""
        # A clock that was set back must not refuse credentials for longer than one window.
        begun = min(max(clear_at, now), now + self.limit.window)
        return begun + self.limit.cost

    def wait(self, clear_at: int, now: int) -> int:
        """Return the milliseconds until one more failure fits; 0 when it does now."""
        return max(0, self.after(clear_at, now) - now - self.limit.window)


@dataclass(frozen=True, slots=True)
class Claim:
    """A presented credential: its source address and the teams it could belong to.

    Attributes:
        source: the address or network by which sign-ins are stored.
        by_source: the counters of the source.
        by_team: the counter of the team, or of all teams.
        teams: the teams that the Host could mean.
        credential: a keyed digest of the credential; without it every failure is a new one.
        is_random: whether the credential is too random to be guessed: a full `by_team` does not
            refuse it.
    """

    source: str
    by_source: tuple[Counter, ...]
    by_team: Counter
    teams: frozenset[str]
    credential: str = ""
    is_random: bool = False

    @classmethod
    def of(
        cls, address: str, teams: Iterable[str], credential: str = "", *, is_random: bool = False
    ) -> "Claim":
        """Return the claim of a client's address and of the teams that the Host could mean."""
        meant = frozenset(teams)
        by_source = counters_of(address)
        # A wrong password of several possible teams cannot be counted against one of them.
        target = next(iter(meant)) if len(meant) == 1 else "*"
        by_team = Counter(f"team {target}", TEAM)
        return cls(by_source[0].key, by_source, by_team, meant, credential, is_random)

    @property
    def counters(self) -> tuple[Counter, ...]:
        """Every counter that a failure would add to."""
        return (*self.by_source, self.by_team, *self.same)

    @property
    def same(self) -> tuple[Counter, ...]:
        """The counter of this very credential: full while it is known to be wrong."""
        key = f"{self.source} {self.by_team.key} {self.credential}"
        return (Counter(key, SAME),) if self.credential else ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """The reserved failures, or how long the counter stays full.

    Attributes:
        taken: the counters that a failure was added to.
        wait_ms: how long to wait; 0 unless a counter is full.
        full: the key of the full counter.
        is_repeated: whether the same credential was counted lately; then nothing is taken.
        known_to: where a counter is full: the teams that the source signed in to lately.
    """

    taken: tuple[Counter, ...] = ()
    wait_ms: int = 0
    full: str = ""
    is_repeated: bool = False
    known_to: frozenset[str] = frozenset()


def decide(
    claim: Claim,
    clear_at: Mapping[str, int],
    now: int,
    known_to: Callable[[], frozenset[str]],
) -> Reservation:
    """Return the counters in which a failure is reserved, or the full one.

    Args:
        claim: the credential that is presented.
        clear_at: when each counter is empty; one that is absent is empty.
        now: the time.
        known_to: returns those of the claim's teams that the source signed in to lately; asked
            only where it matters.
    """
    waits = {found: found.wait(clear_at.get(found.key, now), now) for found in claim.counters}
    if any(waits[found] for found in claim.same):
        return Reservation(is_repeated=True)
    fullest = max(claim.by_source, key=lambda found: waits[found])
    if waits[fullest]:
        return Reservation(wait_ms=waits[fullest], full=fullest.key, known_to=known_to())
    if not waits[claim.by_team]:
        return Reservation(claim.counters)
    # Failures from unknown addresses must not refuse the team's own people.
    if claim.is_random or known_to():
        return Reservation((*claim.by_source, *claim.same))
    return Reservation(wait_ms=waits[claim.by_team], full=claim.by_team.key)


def counters_of(address: str) -> tuple[Counter, ...]:
    """Return the counters of a client's address, the narrowest first.

    Texts that are not an address, as a proxy may send, share one counter.
    """
    try:
        narrow, wide = (client_network(_bare(address), bits) for bits in (CUSTOMER_BITS, SITE_BITS))
    except ValueError:
        return (Counter(UNKNOWN, ADDRESS),)
    if narrow == wide:  # IPv4
        return (Counter(narrow, ADDRESS),)
    return (Counter(narrow, ADDRESS), Counter(wide, SITE))


def _bare(address: str) -> str:
    """Return an address without the port of some proxies: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    address = address.strip()
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == _PORTLESS else address
