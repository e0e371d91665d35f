"""Let the serving Odoo take over what was changed in its database, and prove that it did.

Odoo tells other processes through the database that the registry changed. With its next request
the serving one reloads the registry, but keeps the Python code that it has imported. Where a
repository's code changed since it started, it has to start itself again: SIGHUP takes about half
as long as a restart of the container. Of records alone it only reloads its caches. What it logs
afterwards proves each; where it does not, the container is restarted.
"""

import logging
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from oduflow.adapters.docker.containers import Containers
from oduflow.domain.clock import now
from oduflow.domain.container import ContainerFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.restart import restart
from oduflow.services.environments.start import record_failure
from oduflow.services.environments.wait import LOG_LINES, Tell, address_of, wait_until_serving
from oduflow.services.readiness import ReadinessPoll

log = logging.getLogger(__name__)

RELOADING = "Reloading the model registry after database signaling"
CACHES = "after database signaling"  # of caches or of the registry, in all versions
STARTED = " odoo: Odoo version "
PROOF_SECONDS = 20.0  # for the first line of a start; a request may hold it up
RELOAD_SECONDS = 2.0  # for the first line of a reload, which an answered request causes
POLL_SECONDS = 0.1
MAX_ENTRIES = 50_000  # of a checkout; one with more counts as changed
_STARTED_AT = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \d+ INFO \S+ odoo: Odoo version "
)


def serving_log(containers: Containers, plan: EnvironmentPlan) -> str:
    """Return the last lines that the serving Odoo logged; empty without a container."""
    with suppress(NotFound):
        return containers.logs(plan.container, tail=LOG_LINES)
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the serving Odoo was told.

    Attributes:
        since: a moment after the database was changed.
        logged: what it had logged before.
        signaled: whether it was told through the database.
        words: what it logs then: RELOADING, or CACHES where only records changed.
        code: whether it has to import code again; None to look at the checkout.
    """

    since: datetime
    logged: str
    signaled: bool = True
    words: str = RELOADING
    code: bool | None = None


def take_over(deps: Deps, call: Call, row: Environment, tell: Tell, told: Told) -> str:
    """Bring the serving Odoo up to date; return what was done for it.

    It cannot be cancelled: what it has to load is in the database already.

    Args:
        deps: the product's parts.
        call: the call; only its job is used.
        row: a running environment.
        tell: gets a line about what Odoo does.
        told: what Odoo was told.

    Raises:
        OdooFailed: it serves no more; the environment is `failed`.
    """
    plan = EnvironmentPlan.of(deps.naming, row)
    quiet = Call(call.actor, call.origin, call.job)
    facts = deps.engine.containers.facts(plan.container)
    if facts is not None and facts.status == "running":
        code = told.code
        if code is None:
            code = code_changed(plan.checkout, process_start(facts, told.logged))
        if told.signaled and not code:
            if _proven(deps.engine.containers, deps.readiness, plan, told.since, told.words):
                if told.words != RELOADING:
                    return "reloaded its caches"
                _wait(deps, quiet, plan, row, told.since, RELOADING, tell)
                return "reloaded the registry"
            log.info("%s did not reload what it was asked to", row.name)
        begun = now()
        if deps.engine.containers.hang_up(plan.container) and _proven(
            deps.engine.containers, deps.readiness, plan, begun, STARTED
        ):
            _wait(deps, quiet, plan, row, begun, STARTED, tell)
            return "started Odoo again"
        log.info("%s did not start itself again; its container is restarted", row.name)
    restart(deps, quiet, row)
    return "restarted the container"


def code_changed(checkout: Path, since: datetime) -> bool:
    """Whether Python code of a checkout was changed, added or removed since a moment.

    The kernel sets the time of a change, which neither git nor a tenant can choose.
    """
    return any(changed > since.timestamp() for changed in _changes(checkout))


def _changes(root: Path) -> Iterator[float]:
    """Yield when each folder and each file of code was changed, without following links."""
    folders, seen = [root], 0
    while folders:
        folder = folders.pop()
        with suppress(OSError):
            yield folder.lstat().st_ctime
            for entry in folder.iterdir():
                seen += 1
                if seen > MAX_ENTRIES:
                    yield float("inf")
                    return
                about = entry.lstat()
                if stat.S_ISDIR(about.st_mode):
                    folders.append(entry)
                elif entry.suffix == ".py" or stat.S_ISLNK(about.st_mode):
                    yield about.st_ctime


def process_start(facts: ContainerFacts, logged: str) -> datetime:
    """Return when the serving process started: as it logged, else when the container did.

    A process that started itself again is younger than its container; the container of a warm slot
    is older than its Odoo.
    """
    found = [match[1] for line in logged.splitlines() if (match := _STARTED_AT.match(line))]
    if found:
        with suppress(ValueError):
            return datetime.strptime(found[-1], "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC)
    return datetime.fromisoformat(facts.started_at)


def _proven(
    containers: Containers,
    readiness: ReadinessPoll,
    plan: EnvironmentPlan,
    since: datetime,
    words: str,
) -> bool:
    """Request pages until Odoo has logged that it loads something anew, or starts."""
    signaled = words != STARTED
    deadline = time.monotonic() + (RELOAD_SECONDS if signaled else PROOF_SECONDS)
    while time.monotonic() < deadline:
        if signaled:
            address = address_of(containers.facts(plan.container), plan)
            if address:
                asked = time.monotonic()
                readiness.login_page(address)
                deadline += time.monotonic() - asked  # the answer may take as long as the reload
        with suppress(NotFound):
            if words in containers.logs(plan.container, tail=LOG_LINES, since=since):
                return True
        time.sleep(POLL_SECONDS)
    return False


def _wait(
    deps: Deps,
    call: Call,
    plan: EnvironmentPlan,
    row: Environment,
    since: datetime,
    words: str,
    tell: Tell,
) -> None:
    try:
        wait_until_serving(deps, call, plan, since, tell, words)
    except Failure as failure:
        record_failure(deps, plan, row, failure)
