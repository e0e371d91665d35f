"""The probes: what each one tries, and how its verdict follows from what the canaries saw."""

from collections.abc import Callable, Mapping
from typing import Any

from oduflow.adapters.odoo.conf import DATA_TARGET
from oduflow.domain.counting import binary_size
from oduflow.domain.isolation import ProbeResult
from oduflow.services.isolation.canaries import LIMITS
from oduflow.services.isolation.evidence import (
    NOT_MEASURED,
    REACHED,
    REFUSED,
    Evidence,
    IsolationProbe,
    Judged,
    bounded,
    control,
    described,
    exhausted,
    when,
)
from oduflow.services.isolation.targets import OWN_DATABASE, Target

NO_CAPABILITIES = "0000000000000000"
FILTERED = "2"  # /proc/self/status, Seccomp: a filter of system calls
KILLED = 9
CPU_TOLERANCE = 1.5  # the kernel counts in periods of 100 ms
# What the engine and Python add to the variables of the image and of the specification.
USUAL_VARIABLES = frozenset({"HOME", "HOSTNAME", "LC_CTYPE", "PATH", "PWD", "TERM"})

WRITABLE = (DATA_TARGET, "/tmp", "/var/tmp")  # noqa: S108 - on the team's disk

# What the kernel counts for each user id (`inside/canary_user_limits.py`).
USER_LIMITS = ("inotify", "pipes", "message_queues", "timers")


def results(seen: Evidence) -> tuple[ProbeResult, ...]:
    """Return the results of all probes, the controls first."""
    reach = [_reach(target) for target in seen.targets if target.name != OWN_DATABASE]
    return tuple(probe.result(seen) for probe in (*CONTROLS, *reach, *PROBES))


def _reach(target: Target) -> IsolationProbe:
    def judge(seen: Evidence) -> Judged:
        return judge_reach(target, seen.found["reach"].get(target.name, ""))

    tried = f"open a TCP connection to {target.address}:{target.port}"
    return IsolationProbe(target.name, tried, "reach", judge)


def judge_reach(target: Target, answer: str) -> Judged:
    """Return the verdict on one connection.

    Args:
        target: what was connected to.
        answer: `connected`, `closed`, `dropped`, or the error's name; empty if it was not tried.
    """
    if target.allowed:
        return NOT_MEASURED, target.allowed
    if not answer:
        return NOT_MEASURED, "the attacker did not try it"
    if answer == "connected":
        return REACHED, "connected"
    if answer == "closed" and target.control == "closed":
        return REACHED, "the address answered that the port is closed"
    if not target.control:
        return NOT_MEASURED, "this machine gets no answer either"
    return REFUSED, f"no connection ({answer})"


# -- controls: what must work, or the canaries would prove nothing


def _own_database(seen: Evidence) -> Judged:
    answer = seen.found["reach"].get(OWN_DATABASE)
    return control(answer == "connected", "connected", f"no connection ({answer})")


def _own_names(seen: Evidence) -> Judged:
    return control(seen.found["names"].get(seen.own_name), "resolved", "not resolved")


def _own_notification(seen: Evidence) -> Judged:
    count = seen.found["notify"]
    return control(count, f"{count} arrived", "none arrived")


def _other_works(seen: Evidence) -> Judged:
    healthy = seen.quiet and not any(beat.failures for beat in seen.quiet)
    return control(healthy, described(seen.quiet), described(seen.quiet))


def _machine_connects(seen: Evidence) -> Judged:
    silent = [
        target.name
        for target in seen.targets
        if target.name in INSIDE and target.control != "connected"
    ]
    return control(not silent, "connected to all", f"no connection: {', '.join(silent)}")


# -- what an environment sees


def _names(seen: Evidence) -> Judged:
    found = [name for name in seen.names if seen.found["names"].get(name)]
    return when(found, f"resolved {', '.join(found)}", "not resolved")


def _outside_names(seen: Evidence) -> Judged:
    if not seen.outside_name:
        return NOT_MEASURED, "[firewall] egress opens it"
    resolved = seen.found["names"].get(seen.outside_name)
    return when(resolved, f"resolved {seen.outside_name}", "not resolved")


def _privileges(seen: Evidence) -> Judged:
    status = {key: "".join(value) for key, value in seen.found["process"]["status"].items()}
    held = [key for key, value in status.items() if key.startswith("Cap")]
    wrong = [key for key in held if status[key] != NO_CAPABILITIES]
    wrong += ["root"] if status["Uid"] == "0" else []
    wrong += ["new privileges"] if status["NoNewPrivs"] != "1" else []
    wrong += ["no filter of system calls"] if status["Seccomp"] != FILTERED else []
    return when(wrong, ", ".join(wrong), f"none, as user {status['Uid']}")


def _variables(seen: Evidence) -> Judged:
    known = seen.variables | USUAL_VARIABLES
    others = [name for name in seen.found["process"]["environment"] if name not in known]
    return when(others, ", ".join(others), "the image's and the specification's only")


def _ipv6(seen: Evidence) -> Judged:
    found = seen.found["process"]["ipv6"]
    return when(found, f"an address on {', '.join(found)}", "no address")


def _kernel(seen: Evidence) -> Judged:
    return when(seen.found["kernel"], ", ".join(seen.found["kernel"]), "all refused")


def _mounts(seen: Evidence) -> Judged:
    written = [
        target
        for target, kind in seen.found["mounts"]["written"].items()
        if kind != "tmpfs" and target not in WRITABLE
    ]
    found = [*written, *seen.found["mounts"]["sockets"]]
    return when(found, ", ".join(found), f"none but {', '.join(WRITABLE)} and memory")


def _catalog(seen: Evidence) -> Judged:
    found = sorted(seen.foreign & set(seen.found["catalog"]["names"]))
    return when(found, ", ".join(found), "neither the other team's database nor its role")


def _other_databases(seen: Evidence) -> Judged:
    found = seen.found["catalog"]["entered"]
    return when(found, f"entered {', '.join(found)}", "not admitted")


def _administration(seen: Evidence) -> Judged:
    found = seen.found["catalog"]["statements"]
    return when(found, "; ".join(found), "all refused")


# -- what an environment exhausts


def _heard(seen: Evidence) -> Judged:
    beats = seen.beats.get("notify", ())
    if not beats:
        return NOT_MEASURED, described(beats)
    heard = [text for beat in beats for text in beat.heard]
    return when(heard, f"{len(heard)} arrived", "none arrived")


def _locks(found: Mapping[str, Any]) -> str:
    return f"advisory locks: {found['advisory'] or 'all taken'}, {found['tables']} tables locked"


def _sessions(found: Mapping[str, int]) -> str:
    return f"{found['sessions']} sessions and {found['connections']} more connections"


def _root_files(seen: Evidence) -> Judged:
    found = seen.found["root_files"]
    return when(found, f"created in {', '.join(found[:5])}", "none created")


def _disk(phase: str) -> Callable[[Evidence], Judged]:
    """Return a judge: the attacker's own disk ended, and the other wrote on meanwhile."""

    def said(found: Mapping[str, Any]) -> str:
        size = binary_size(found["bytes"])
        return f"{size} written, then refused" if found["refused"] else f"{size} written: no limit"

    return bounded(lambda seen: not seen.found[phase]["refused"], exhausted(phase, said, "write"))


INSIDE = frozenset(
    {"another environment of the team", "another team's environment", "another team's database"}
    | {OWN_DATABASE}
)
CONTROLS = (
    IsolationProbe("control: own database", "connect to it", "reach", _own_database, REACHED),
    IsolationProbe("control: own name", "resolve its database", "names", _own_names, REACHED),
    IsolationProbe(
        "control: own notification", "LISTEN, NOTIFY", "notify", _own_notification, REACHED
    ),
    IsolationProbe(
        "control: the other team", "query, start a thread, use limits", "", _other_works, REACHED
    ),
    IsolationProbe(
        "control: this machine", "connect to all canaries", "", _machine_connects, REACHED
    ),
)
PROBES = (
    IsolationProbe("names of the other team", "resolve containers and hosts", "names", _names),
    IsolationProbe("names of the internet", "resolve one", "names", _outside_names),
    IsolationProbe("privileges", "read capabilities, user, filters", "process", _privileges),
    IsolationProbe("variables", "read the environment", "process", _variables),
    IsolationProbe("IPv6", "look for an address but the loopback's", "process", _ipv6),
    IsolationProbe("kernel", "raw sockets, mount, namespaces, root, /dev/mem", "kernel", _kernel),
    IsolationProbe("mounts", "write into each but /; find the engine's socket", "mounts", _mounts),
    IsolationProbe("catalogs", "read databases, roles, sessions", "catalog", _catalog),
    IsolationProbe("another environment's database", "enter it", "catalog", _other_databases),
    IsolationProbe(
        "PostgreSQL's administration", "program, files, roles, setting", "catalog", _administration
    ),
    IsolationProbe("notifications", "NOTIFY in Odoo's bus", "notify", _heard),
    IsolationProbe(
        "locks",
        "take advisory locks, lock new tables",
        "locks",
        exhausted("locks", _locks, "query"),
    ),
    IsolationProbe(
        "connections",
        "open up to 60 to the own database",
        "connections",
        exhausted("connections", _sessions, "query"),
    ),
    IsolationProbe(
        "processes",
        "start twice the container's limit",
        "threads",
        bounded(
            lambda seen: seen.found["threads"] >= 2 * LIMITS.pids,
            exhausted("threads", lambda count: f"{count} threads", "thread"),
        ),
    ),
    IsolationProbe(
        "processors",
        "compute in more processes than there are processors",
        "processors",
        bounded(
            lambda seen: seen.found["processors"] > LIMITS.cpus * CPU_TOLERANCE,
            exhausted("processors", lambda used: f"{used} used of {LIMITS.cpus}", "query"),
        ),
    ),
    *(
        IsolationProbe(
            f"limits of a user: {name.replace('_', ' ')}",
            "make them until the kernel refuses, or very many",
            name,
            exhausted(name, lambda count: f"{count} made", name),
        )
        for name in USER_LIMITS
    ),
    IsolationProbe(
        "memory",
        "use twice the container's limit",
        "memory",
        bounded(
            lambda seen: seen.found["memory"] != KILLED,
            exhausted("memory", lambda number: f"ended by signal {number}", "query"),
        ),
    ),
    IsolationProbe(
        "PostgreSQL's memory",
        "build a text of twice its limit",
        "database_memory",
        bounded(
            lambda seen: bool(seen.found["database_memory"]),
            exhausted("database_memory", lambda _built: "the session ended", "query"),
        ),
    ),
    IsolationProbe(
        "root file system", "create a file in each of its folders", "root_files", _root_files
    ),
    IsolationProbe(
        "disk: temporary files",
        "fill /tmp, /var/tmp, /dev/shm",
        "temporary_files",
        _disk("temporary_files"),
    ),
    IsolationProbe("disk: files", f"fill {DATA_TARGET}", "files", _disk("files")),
    IsolationProbe(
        "disk: database",
        "fill it with rows, on a disk that a file nearly fills",
        "rows",
        _disk("rows"),
    ),
)
