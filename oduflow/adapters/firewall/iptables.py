"""The rules, put into the kernel by the `iptables` this machine has (nftables or legacy)."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from oduflow.adapters.firewall.plan import FirewallPlan, Marks
from oduflow.adapters.firewall.rules import Ruleset, ipv4_rules, ipv6_rules
from oduflow.adapters.firewall.table import Standing, correction, difference, removal

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_LOCK_SECONDS = "10"  # others hold the xtables lock for milliseconds
_PROGRAM_SECONDS = 30
_ATTEMPTS = 3  # another program may change a rule between our look and our transaction


@dataclass(frozen=True, slots=True)
class FirewallState:
    """Whether the isolation stands as planned; if not, one sentence saying what is missing."""

    ok: bool
    reason: str = ""


class _Refused(Exception):
    """A program is missing, not permitted, or was refused; never leaves this module."""


class Firewall:
    """The host's filter tables.

    What the machine cannot do is a state, not an exception: without a firewall it still serves.
    Only a plan whose `egress` is no network raises `Invalid`.

    Args:
        proc: where the kernel shows itself.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._lock = Lock()

    def apply(self, plan: FirewallPlan) -> FirewallState:
        """Make the rules stand, and say whether they do; nothing is written when they already do.

        Call it again whenever something may have changed: a team, the engine, the firewall.
        """
        return self._each(plan, _correct)

    def check(self, plan: FirewallPlan) -> FirewallState:
        """Say whether the rules stand, and change nothing."""
        return self._each(plan, _compare)

    def remove(self, instance: str) -> FirewallState:
        """Take away every rule and chain of an instance, and nothing else."""
        reasons = []
        with self._lock:
            for program in self._programs():
                try:
                    _remove(program, Marks(instance))
                except _Refused as cause:
                    reasons.append(str(cause))
        return _state(reasons)

    def _each(self, plan: FirewallPlan, act: Callable[[str, Ruleset], str]) -> FirewallState:
        """Do something for each address family, and gather what is wrong."""
        wanted = {"iptables": ipv4_rules(plan), "ip6tables": ipv6_rules(plan)}
        reasons = []
        with self._lock:
            for program in self._programs():
                try:
                    reasons.append(act(program, wanted[program]))
                except _Refused as cause:
                    reasons.append(str(cause))
        return _state([*reasons, *(self._unseen(program, plan) for program in self._programs())])

    def _programs(self) -> tuple[str, ...]:
        """The address families this kernel speaks."""
        return ("iptables", "ip6tables") if self._has_ipv6() else ("iptables",)

    def _has_ipv6(self) -> bool:
        return (self._proc / "net/if_inet6").exists()

    def _unseen(self, program: str, plan: FirewallPlan) -> str:
        """Say whether traffic inside a bridge goes past the tables (Linux `br_netfilter`)."""
        name = f"bridge-nf-call-{program}"
        if not plan.isolated_bridges:
            return ""
        try:
            seen = (self._proc / "sys/net/bridge" / name).read_text(encoding="ascii").strip()
        except OSError:
            seen = ""
        if seen == "1":
            return ""
        return (
            f"environments of one team are not kept apart: set net.bridge.{name} = 1 "
            "(module br_netfilter)"
        )


def _state(reasons: list[str]) -> FirewallState:
    told = "; ".join(dict.fromkeys(filter(None, reasons)))
    return FirewallState(ok=not told, reason=told)


def _compare(program: str, wanted: Ruleset) -> str:
    return difference(wanted, _standing(program))


def _correct(program: str, wanted: Ruleset) -> str:
    refusal = ""
    for _ in range(_ATTEMPTS):
        standing = _standing(program)
        if not difference(wanted, standing):
            return ""
        try:
            _restore(program, correction(wanted, standing))
        except _Refused as cause:
            refusal = str(cause)
        else:
            return difference(wanted, _standing(program))
    return refusal


def _remove(program: str, marks: Marks) -> None:
    for attempt in range(_ATTEMPTS):
        transaction = removal(marks, _standing(program))
        if not transaction:
            return
        try:
            _restore(program, transaction)
        except _Refused:
            if attempt == _ATTEMPTS - 1:
                raise


def _standing(program: str) -> Standing:
    return Standing.read(_run([program, "-w", _LOCK_SECONDS, "-S"]))


def _restore(program: str, transaction: str) -> None:
    _run([f"{program}-restore", "-w", _LOCK_SECONDS, "--noflush"], transaction)


def _run(arguments: list[str], given: str = "") -> str:
    try:
        return subprocess.run(
            arguments,
            input=given,
            capture_output=True,
            check=True,
            text=True,
            timeout=_PROGRAM_SECONDS,
            env=_ENVIRONMENT,
        ).stdout
    except FileNotFoundError as cause:
        raise _Refused(f"the program {arguments[0]} is not installed") from cause
    except subprocess.TimeoutExpired as cause:
        raise _Refused(f"{arguments[0]} did not end") from cause
    except (OSError, subprocess.CalledProcessError) as cause:
        raise _Refused(_why(arguments[0], getattr(cause, "stderr", "") or str(cause))) from cause


def _why(program: str, said: str) -> str:
    if "ermission denied" in said or "be root" in said:
        return f"the server may not use {program}: it needs root or CAP_NET_ADMIN"
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    return f"{program} failed: {last[:200]}"
