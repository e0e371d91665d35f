"""The firewall of the host, set with the machine's `iptables` (nftables or legacy)."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from oduflow.adapters.firewall.plan import ChainNames, FirewallPlan
from oduflow.adapters.firewall.rules import Ruleset, ipv4_rules, ipv6_rules
from oduflow.adapters.firewall.table import CurrentTable, correction, difference, removal

_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_LOCK_SECONDS = "10"  # other programs hold the xtables lock for milliseconds
_PROGRAM_SECONDS = 30
_ATTEMPTS = 3  # another program may change a rule between reading and correcting the table


@dataclass(frozen=True, slots=True)
class FirewallState:
    """Whether environments are isolated as planned, and if not, what is missing in one sentence."""

    ok: bool
    reason: str = ""


class _Refused(Exception):
    """A program is missing, not permitted or refused its input; it never leaves this module."""


class Firewall:
    """The host's filter tables.

    A machine that cannot do it is a state, not an exception: the server works without a firewall.
    Only a plan whose `egress` is no network raises `Invalid`.

    Args:
        proc: the kernel's /proc.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._lock = Lock()

    def apply(self, plan: FirewallPlan) -> FirewallState:
        """Set the rules, and report whether they are set; nothing is written when they already are.

        Call it again whenever something may have changed: a team, the engine, the firewall.
        """
        return self._on_rules(plan, _correct)

    def check(self, plan: FirewallPlan) -> FirewallState:
        """Report whether the rules are set, and change nothing."""
        return self._on_rules(plan, _compare)

    def remove(self, instance: str) -> FirewallState:
        """Remove every rule and chain of an instance, and nothing else."""
        return _state(self._each(lambda program: _remove(program, ChainNames(instance))))

    def _on_rules(self, plan: FirewallPlan, act: Callable[[str, Ruleset], str]) -> FirewallState:
        """Call `act` with the rules of each address family, and report what is wrong."""
        wanted = {"iptables": ipv4_rules(plan), "ip6tables": ipv6_rules(plan)}
        reasons = self._each(lambda program: act(program, wanted[program]))
        return _state([*reasons, *(self._unseen(program, plan) for program in self._programs())])

    def _each(self, act: Callable[[str], str]) -> list[str]:
        """Call `act` for the program of each address family, and gather what is wrong."""
        reasons = []
        with self._lock:
            for program in self._programs():
                try:
                    reasons.append(act(program))
                except _Refused as cause:
                    reasons.append(str(cause))
        return reasons

    def _programs(self) -> tuple[str, ...]:
        """Return the program of each address family that this kernel has."""
        has_ipv6 = (self._proc / "net/if_inet6").exists()
        return ("iptables", "ip6tables") if has_ipv6 else ("iptables",)

    def _unseen(self, program: str, plan: FirewallPlan) -> str:
        """Report traffic inside a bridge that bypasses the tables (Linux `br_netfilter`)."""
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
    reason = "; ".join(dict.fromkeys(filter(None, reasons)))
    return FirewallState(ok=not reason, reason=reason)


def _compare(program: str, wanted: Ruleset) -> str:
    return difference(wanted, _current_table(program))


def _correct(program: str, wanted: Ruleset) -> str:
    refusal = ""
    for _ in range(_ATTEMPTS):
        current = _current_table(program)
        if not difference(wanted, current):
            return ""
        try:
            _restore(program, correction(wanted, current))
        except _Refused as cause:
            refusal = str(cause)
        else:
            return difference(wanted, _current_table(program))
    return refusal


def _remove(program: str, names: ChainNames) -> str:
    for attempt in range(_ATTEMPTS):
        transaction = removal(names, _current_table(program))
        if not transaction:
            break
        try:
            _restore(program, transaction)
        except _Refused:
            if attempt == _ATTEMPTS - 1:
                raise
    return ""


def _current_table(program: str) -> CurrentTable:
    return CurrentTable.read(_run([program, "-w", _LOCK_SECONDS, "-S"]))


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
