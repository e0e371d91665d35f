"""Wait until an environment's Odoo serves, or until it is certain that it will not."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from oduflow.domain.container import ContainerFacts
from oduflow.domain.errors import NotFound, OdooFailed
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import explanation, failure_cause
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.readiness import ALIVE, BootLog, BootOutcome, PageAnswer, judge, without_log
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps

POLL_SECONDS = 0.03  # between attempts to connect, which Odoo does not log
LOOK_SECONDS = 0.5  # between looks at container and log, and between answered requests
LOG_LINES = 2000
SIGNALS = 128  # exit codes from here on are those of a signal

Tell = Callable[[str], None]


def wait_until_serving(
    deps: Deps, call: Call, plan: EnvironmentPlan, begun: datetime, tell: Tell, after: str = ""
) -> None:
    """Request the login page until the boot has an outcome.

    Container and log are read far less often than a connection is tried: boots are bound by the
    processor, and a request to the engine costs more of it than a refused connection. Two answers
    are enough for most boots, because Odoo answers the first when the registry is loaded. The
    second one has to come from the same process: one that ends may still answer once.

    Args:
        deps: the engine and the limits.
        call: stops the wait when its job is cancelled.
        plan: the environment's names.
        begun: when the container was started.
        tell: gets a line when Odoo loads something else, and where the login page redirects to.
        after: words of the log's line with which the boot begins, for a process that goes on in
            the same container; what was logged before is that of the boot before.

    Raises:
        OdooFailed: Odoo does not serve; the message names the cause.
    """
    pages = _LoginPage(deps.readiness.login_page, call.raise_if_cancelled)
    boot = _Boot(deps, plan, begun, tell, pages, after)
    while not boot.serves():
        call.raise_if_cancelled()


class _LoginPage:
    """Requests the login page, at most once at a time.

    A request lasts as long as Odoo loads its registry, so it runs in a thread of its own, and the
    caller looks at the container and the log meanwhile.

    Args:
        request: requests the page at an address; None without an HTTP response.
        abort_check: raises when the caller no longer waits.
    """

    def __init__(
        self, request: Callable[[str], PageAnswer | None], abort_check: Callable[[], None]
    ) -> None:
        self._request = request
        self._abort_check = abort_check
        self._pending: Future[PageAnswer | None] | None = None

    def answer(self, address: str, until: float) -> PageAnswer | None:
        """Return the answer; None when there was none until then (`time.monotonic`)."""
        while time.monotonic() < until:
            self._abort_check()
            if self._pending is None and address:
                self._pending = self._begin(address)
            if self._pending is not None:
                try:
                    answer = self._pending.result(max(0.0, until - time.monotonic()))
                except TimeoutError:
                    return None
                self._pending = None
                if answer is not None:
                    return answer
            time.sleep(POLL_SECONDS)
        return None

    def _begin(self, address: str) -> Future[PageAnswer | None]:
        future: Future[PageAnswer | None] = Future()

        def run() -> None:
            try:
                future.set_result(self._request(address))
            except Exception as cause:  # noqa: BLE001 - raised in the caller's thread
                future.set_exception(cause)

        threading.Thread(target=run, name="login-page", daemon=True).start()
        return future


@dataclass(slots=True)
class _Boot:
    """One boot, and what was seen of it so far."""

    deps: Deps
    plan: EnvironmentPlan
    begun: datetime
    tell: Tell
    pages: _LoginPage
    after: str = ""
    doubted_at: float | None = None
    served_since: str = ""
    told: str = ""
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.deps.readiness.boot_seconds

    def serves(self) -> bool:
        """Look at container, page and log once, for at most LOOK_SECONDS.

        Raises:
            OdooFailed: the boot failed.
        """
        next_look = min(self.deadline, time.monotonic() + LOOK_SECONDS)
        facts = self.deps.engine.containers.facts(self.plan.container)
        alive = facts is not None and facts.status in ALIVE
        page = self.pages.answer(address_of(facts, self.plan), next_look) if alive else None
        text = self._log()
        log = BootLog.read(text)
        outcome = self._outcome(judge(facts, page, log), page)
        if facts is not None and outcome in {BootOutcome.SERVING, BootOutcome.REDIRECTING}:
            before, self.served_since = self.served_since, facts.started_at
            if before != self.served_since:
                return False
            if page is not None and page.redirects:
                self.tell(f"Odoo serves; its login page redirects to {page.location[:200]}")
            return True
        if outcome is not BootOutcome.LOADING or time.monotonic() >= self.deadline:
            raise OdooFailed(
                self._message(outcome, facts, page, text),
                _hint(outcome),
                Next.of("get_environment_logs", "shows the whole log", name=self.plan.name),
                output=explanation(text, ended=outcome is BootOutcome.CRASHED),
                whole=text,
            )
        if log.doing != self.told:
            self.told = log.doing
            self.tell(f"starting Odoo: {self.told}")
        if page is not None:  # not before the next look, because Odoo logs each request
            time.sleep(max(0.0, next_look - time.monotonic()))
        return False

    def _outcome(self, outcome: BootOutcome, page: PageAnswer | None) -> BootOutcome:
        """Let the answer count after some seconds when the log is silent about the registry."""
        if page is None or outcome is not BootOutcome.LOADING:
            return outcome
        self.doubted_at = self.doubted_at or time.monotonic()
        doubted_for = time.monotonic() - self.doubted_at
        return without_log(page) if doubted_for >= self.deps.readiness.broken_seconds else outcome

    def _log(self) -> str:
        with suppress(NotFound):  # the container was removed meanwhile
            text = self.deps.engine.containers.logs(
                self.plan.container, tail=LOG_LINES, since=self.begun
            )
            return text.rpartition(self.after)[2] if self.after else text
        return ""

    def _message(
        self,
        outcome: BootOutcome,
        facts: ContainerFacts | None,
        page: PageAnswer | None,
        text: str,
    ) -> str:
        said = failure_cause(text, ended=outcome is BootOutcome.CRASHED)
        cause = f": {said}" if said else ""
        if outcome is BootOutcome.BROKEN_REGISTRY:
            return f"Odoo cannot load its registry{cause}."
        if outcome is BootOutcome.BROKEN_PAGE and page is not None:
            return f"/web/login answers HTTP {page.status}{cause}."
        if outcome is BootOutcome.OUT_OF_MEMORY:
            limit = self.deps.settings.teams[self.plan.team].memory_mb
            return f"Odoo crashed at start at its limit of {limit} MiB of memory."
        if outcome is BootOutcome.CRASHED:
            code = "" if facts is None else f" with exit code {facts.exit_code}"
            if not said and facts is not None and (facts.exit_code or 0) < SIGNALS:
                cause = "; its log names no error: Python code ended it, as sys.exit does"
            return f"Odoo crashed at start{code}{cause}."
        seconds = f"{self.deps.readiness.boot_seconds:g} seconds"
        doing = self.told.rstrip(".") or "nothing about modules"
        return f"Odoo serves no page after {seconds}; its log told last: {doing}."


def address_of(facts: ContainerFacts | None, plan: EnvironmentPlan) -> str:
    """Return the running container's address on its team's network, empty without one."""
    if facts is None or facts.status != "running":
        return ""
    return facts.addresses.get(plan.naming.team_network(plan.team), "")


def _hint(outcome: BootOutcome) -> str:
    if outcome is BootOutcome.LOADING:
        return "Start it again to wait longer."
    return "To try a fix, push it and create the environment again; delete one that served first."
