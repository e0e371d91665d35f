"""How many wrong credentials are too many, and what they are counted against.

A counter is one moment: when it will be empty again. Each failure moves that moment later by the
time one failure takes to be forgiven; a failure that would move it further than the whole window
does not fit (the generic cell rate algorithm of ITU-T I.371). So a full counter refills one by
one, and a failure that is given back leaves no trace, whatever happened in between.

All times are whole milliseconds since 1970: sums of fractions would refuse the fifth of five.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from oduflow.domain.addresses import CUSTOMER_BITS, SITE_BITS, client_network

_PORTLESS = 1  # colons in an IPv4 address with a port, as some proxies write it
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures at once, forgiven evenly over so many seconds."""

    failures: int
    seconds: int

    @property
    def window(self) -> int:
        """The time after which a full counter is empty, in milliseconds."""
        return self.seconds * 1000

    @property
    def cost(self) -> int:
        """The time that one failure takes to be forgiven, in milliseconds."""
        return self.window // self.failures


QUARTER = 15 * 60
ADDRESS = Limit(5, QUARTER)  # one IPv4 address, or the /64 that one IPv6 customer has at least
SITE = Limit(25, QUARTER)  # the /48 that one IPv6 customer has at most
TEAM = Limit(100, QUARTER)  # one team, wherever the failures come from
REMEMBERED_SECONDS = 24 * 3600  # how long an address is known to a team after a sign-in


@dataclass(frozen=True, slots=True)
class Counter:
    """One place where failures add up."""

    key: str
    limit: Limit

    def after(self, clear_at: int, now: int) -> int:
        """Return when the counter is empty after one more failure."""
        # A clock that was set back must not lock anybody out for longer than one window.
        begun = min(max(clear_at, now), now + self.limit.window)
        return begun + self.limit.cost

    def wait(self, clear_at: int, now: int) -> int:
        """Return the milliseconds until one more failure fits; 0 when it does now."""
        return max(0, self.after(clear_at, now) - now - self.limit.window)


@dataclass(frozen=True, slots=True)
class Claim:
    """A credential that somebody presents: from where, and against which teams.

    Attributes:
        source: where it comes from, as sign-ins are remembered.
        by_source: the counters of that place.
        by_team: the counter of whatever it is tried against.
        teams: the teams that could be meant.
        past_team: whether a full `by_team` is no reason to refuse it.
    """

    source: str
    by_source: tuple[Counter, ...]
    by_team: Counter
    teams: frozenset[str]
    past_team: bool = False

    @classmethod
    def of(cls, address: str, teams: Iterable[str], *, past_team: bool = False) -> "Claim":
        """Describe a claim from the client's address and the teams that could be meant."""
        meant = frozenset(teams)
        by_source = counters_of(address)
        # Nobody can say which of several teams a wrong password was meant for.
        target = next(iter(meant)) if len(meant) == 1 else "*"
        by_team = Counter(f"team {target}", TEAM)
        return cls(by_source[0].key, by_source, by_team, meant, past_team)

    @property
    def counters(self) -> tuple[Counter, ...]:
        """Every counter that a failure would add to."""
        return (*self.by_source, self.by_team)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The failures that were reserved, or how long there is no room for one.

    Attributes:
        taken: the counters that a failure was added to.
        wait_ms: how long to wait; 0 when there is room.
        full: the key of the counter that has no room.
    """

    taken: tuple[Counter, ...] = ()
    wait_ms: int = 0
    full: str = ""


def decide(
    claim: Claim, clear_at: Mapping[str, int], now: int, is_known: Callable[[], bool]
) -> Reservation:
    """Say which counters a failure is reserved in, or that there is no room.

    Args:
        claim: the credential that is presented.
        clear_at: when each counter is empty; one that is absent is empty.
        now: the time.
        is_known: whether the source signed in to one of the teams lately; asked only where it
            matters.
    """
    waits = {found: found.wait(clear_at.get(found.key, now), now) for found in claim.counters}
    fullest = max(claim.by_source, key=lambda found: waits[found])
    if waits[fullest]:
        return Reservation(wait_ms=waits[fullest], full=fullest.key)
    if not waits[claim.by_team]:
        return Reservation(claim.counters)
    # A flood of strangers must not keep out those who belong there.
    if claim.past_team or is_known():
        return Reservation(claim.by_source)
    return Reservation(wait_ms=waits[claim.by_team], full=claim.by_team.key)


def counters_of(address: str) -> tuple[Counter, ...]:
    """Return the counters of a client's address, the narrowest first.

    What is no address, as a proxy may say, shares one counter: a forger gains nothing by it.
    """
    try:
        narrow, wide = (client_network(_bare(address), bits) for bits in (CUSTOMER_BITS, SITE_BITS))
    except ValueError:
        return (Counter(UNKNOWN, ADDRESS),)
    if narrow == wide:  # IPv4
        return (Counter(narrow, ADDRESS),)
    return (Counter(narrow, ADDRESS), Counter(wide, SITE))


def _bare(address: str) -> str:
    """Take the port away that some proxies add: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    address = address.strip()
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == _PORTLESS else address
