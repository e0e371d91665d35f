"""What the canaries saw, and how a verdict follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from oduflow.domain.isolation import ProbeResult, ProbeVerdict
from oduflow.services.isolation.targets import Target

REACHED, REFUSED, NOT_MEASURED = (
    ProbeVerdict.REACHED,
    ProbeVerdict.REFUSED,
    ProbeVerdict.NOT_MEASURED,
)

Judged = tuple[ProbeVerdict, str]


@dataclass(frozen=True, slots=True)
class Beat:
    """One look of the other team's canary at what works.

    Attributes:
        at: when it began, in seconds of the kernel's monotonic clock, which containers share.
        seconds: how long it took.
        failures: what failed.
        heard: the notifications that have arrived so far.
    """

    at: float
    seconds: float
    failures: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()


@dataclass(slots=True)
class Evidence:
    """Everything that a check saw.

    Attributes:
        names: the names that must not resolve in the attacker's network.
        own_name: the one that must.
        outside_name: one of the internet's; empty where the configuration lets it resolve.
        foreign: the databases and roles of the other team.
        variables: the names of the variables that the attacker's container was given.
        found: what the attacker's phases answered.
        errors: why a phase gave no answer.
        quiet: the other canary's beats before the first phase.
        beats: its beats while the attacker held what it had exhausted, by phase.
    """

    targets: tuple[Target, ...] = ()
    names: tuple[str, ...] = ()
    own_name: str = ""
    outside_name: str = ""
    foreign: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    found: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    quiet: tuple[Beat, ...] = ()
    beats: dict[str, tuple[Beat, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IsolationProbe:
    """One line of the report.

    Attributes:
        phase: the attacker's phase that it is judged by; empty for none.
        judge: returns the verdict and what was found, from all evidence.
    """

    name: str
    tried: str
    phase: str
    judge: Callable[[Evidence], Judged]
    expected: ProbeVerdict = REFUSED

    def result(self, seen: Evidence) -> ProbeResult:
        """Return what the probe showed."""
        if self.phase and self.phase not in seen.found:
            reason = seen.errors.get(self.phase, "the attacker ended before")
            verdict, found = NOT_MEASURED, f"no answer: {reason}"
        else:
            verdict, found = self.judge(seen)
        return ProbeResult(
            name=self.name, tried=self.tried, expected=self.expected, found=found, verdict=verdict
        )


def when(problem: object, found: str, otherwise: str) -> Judged:
    """Return that something was reached if there is a problem."""
    return (REACHED, found) if problem else (REFUSED, otherwise)


def control(works: object, found: str, otherwise: str) -> Judged:
    """Return that a control works; one that does not proves nothing."""
    return (REACHED, found) if works else (NOT_MEASURED, otherwise)


def exhausted(phase: str, own: Callable[[Any], str], concern: str) -> Callable[[Evidence], Judged]:
    """Return a judge: while the attacker held what it exhausted, nothing of the other's failed."""

    def judge(seen: Evidence) -> Judged:
        beats = seen.beats.get(phase, ())
        said = f"{own(seen.found[phase])}; {described(beats)}"
        if not beats:
            return NOT_MEASURED, said
        return when([beat for beat in beats if concern in beat.failures], said, said)

    return judge


def bounded(
    over: Callable[[Evidence], bool], inner: Callable[[Evidence], Judged]
) -> Callable[[Evidence], Judged]:
    """Return a judge that also wants the attacker itself to be stopped at its limit."""

    def judge(seen: Evidence) -> Judged:
        verdict, found = inner(seen)
        return (REACHED, f"above the limit: {found}") if over(seen) else (verdict, found)

    return judge


def described(beats: tuple[Beat, ...]) -> str:
    """Describe how the other team fared."""
    if not beats:
        return "the other team was not seen meanwhile"
    failed = sorted({each for beat in beats for each in beat.failures})
    slowest = max(beat.seconds for beat in beats)
    state = f"{', '.join(failed)} failed" if failed else "all that it tries works"
    looks = f"{len(beats)} look{'s' * (len(beats) > 1)}, the slowest {slowest * 1000:.0f} ms"
    return f"the other team meanwhile: {state} in {looks}"
