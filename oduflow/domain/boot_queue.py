"""The order in which boots of Odoo get the slots of this machine: fair between teams.

Start-time fair queueing: each waiting boot is placed after the seconds that its team has used, so
a team that has used little comes before one that has used much, and two busy teams alternate.
Within a team the order is that of arrival.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# After this long a boot no longer counts for other teams: a module that hangs while it is imported
# delays them by a minute, not by the half hour that an installation may take.
YIELDS_AFTER_SECONDS = 60.0
HALF_LIFE_SECONDS = 120.0


class BootKind(StrEnum):
    """What an Odoo is started for."""

    SERVE = "serve"
    INSTALL = "install"


# What a boot is counted as before it has run.
EXPECTED_SECONDS: Mapping[BootKind, float] = {BootKind.SERVE: 5.0, BootKind.INSTALL: 30.0}


@dataclass(frozen=True, slots=True)
class WaitingBoot:
    """A job that waits for a slot."""

    job: str
    team: str
    kind: BootKind


@dataclass(frozen=True, slots=True)
class RunningBoot:
    """A job that holds a slot, since so many seconds."""

    team: str
    kind: BootKind
    seconds: float

    def counts_for(self, team: str) -> bool:
        """Whether this boot takes a slot away from the team."""
        return self.team == team or self.seconds < YIELDS_AFTER_SECONDS


def decayed(seconds: float, age: float) -> float:
    """Return what is left of used seconds after `age` seconds: half after each half-life."""
    return float(seconds * 0.5 ** (max(0.0, age) / HALF_LIFE_SECONDS))


def in_turn(
    waiting: Iterable[WaitingBoot], running: Iterable[RunningBoot], used: Mapping[str, float]
) -> tuple[WaitingBoot, ...]:
    """Return the waiting boots in the order in which they are served.

    Args:
        waiting: in the order in which they began to wait.
        running: the holders of the slots.
        used: the seconds that each team has used lately.
    """
    queues: dict[str, deque[WaitingBoot]] = {}
    for boot in waiting:
        queues.setdefault(boot.team, deque()).append(boot)
    account = {team: used.get(team, 0.0) for team in queues}
    for held in running:
        if held.team in account:
            account[held.team] += max(held.seconds, EXPECTED_SECONDS[held.kind])
    order: list[WaitingBoot] = []
    while account:
        team = min(account, key=account.__getitem__)  # of equal ones, who began to wait first
        boot = queues[team].popleft()
        order.append(boot)
        account[team] += EXPECTED_SECONDS[boot.kind]
        if not queues[team]:
            del account[team]
    return tuple(order)


def startable(
    order: Sequence[WaitingBoot], running: Iterable[RunningBoot], slots: int
) -> tuple[WaitingBoot, ...]:
    """Return the boots that may take a slot now.

    Of two or more slots, one is kept for boots that install nothing.

    Args:
        order: the queue, next first.
        running: the holders of the slots.
        slots: how many boots may run at once.
    """
    held = list(running)
    chosen = []
    for boot in order:
        counted = [each.kind for each in held if each.counts_for(boot.team)]
        installs = counted.count(BootKind.INSTALL)
        if len(counted) >= slots:
            continue
        if boot.kind is BootKind.INSTALL and installs >= max(1, slots - 1):
            continue
        chosen.append(boot)
        held.append(RunningBoot(boot.team, boot.kind, 0.0))
    return tuple(chosen)
