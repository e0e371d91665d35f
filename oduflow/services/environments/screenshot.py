"""Take a screenshot of a page in a throw-away browser beside an environment."""

import contextlib
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.images import Images
from oduflow.adapters.odoo.screenshot import ScreenshotOutput, command, request
from oduflow.adapters.odoo.sessions import end_session
from oduflow.domain.container import (
    ContainerLimits,
    ContainerSpec,
    ExecResult,
    ExecSpec,
    ImageFacts,
    Mount,
)
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Failure, UpstreamFailed
from oduflow.domain.masking import HIDDEN, redact
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_session import OdooSession, cookie_name
from oduflow.domain.outcome import ErrorView, Outcome, Status
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.screenshot import (
    PAGE_SECONDS,
    PageFacts,
    PageProblem,
    ScreenshotView,
    TakeScreenshot,
    page_problem,
    png_size,
)
from oduflow.files.private import write_private
from oduflow.kernel.call import Call
from oduflow.services.browser_image import browser_image
from oduflow.services.deps import Deps
from oduflow.services.environments.command import killed_reason, require_address, require_running
from oduflow.services.environments.connect import make_session
from oduflow.services.environments.view import base_url
from oduflow.services.images import run_as
from oduflow.services.saga import Saga, Step

log = logging.getLogger(__name__)

SCREENSHOT = "screenshot"  # the saga's name
SESSION_TIME = timedelta(minutes=3)  # after which it ends by itself, if this process dies
DEADLINE_SECONDS = PAGE_SECONDS + 35  # of the browser, its start and its commands included
LIFE_SECONDS = 180  # of its container, which then ends by itself
LIMITS = ContainerLimits(memory=1 << 30, cpus=1.0, pids=256)
SHARED_MEMORY = 256 << 20
EMPTY_FOLDER = "/tmp"  # noqa: S108 - in memory, of the container alone


def take_screenshot(
    deps: Deps, call: Call, row: Environment, args: TakeScreenshot
) -> Outcome[ScreenshotView]:
    """Take a screenshot; a page that does not work is a failed outcome, with its picture.

    Raises:
        Cancelled: the job was cancelled.
        Conflict: there is no image with a browser, or the environment does not run.
        NotFound: there is no such user.
        UpstreamFailed: the browser took no screenshot.
    """
    require_address(deps.naming, deps.engine.containers, row)
    work = Screenshot(deps, call, row, args, _image(deps.engine.images, row))
    try:
        # Around all of it, so that neither the session nor the container waits for a slot.
        with call.boot_slot():
            Saga(SCREENSHOT, work.steps(), work.on_step, deps.work.failpoints).run()
    finally:
        work.clear()
    return _outcome(row, args, work)


def _image(images: Images, row: Environment) -> ImageFacts:
    image = browser_image(images, images.facts(row.odoo_image))
    if not image.has_browser:
        raise Conflict(
            f"There is no image of {row.odoo_image} with a browser.",
            image.remedy or "One can be built of an image that is named by a tag.",
        )
    return run_as(image.facts, row.uid)


@dataclass(slots=True)
class Screenshot:
    """The steps of one screenshot.

    Attributes:
        session: of the user; None for a page that is seen signed out.
        output: what the browser's container has said.
        result: how it ended.
    """

    deps: Deps
    call: Call
    row: Environment
    args: TakeScreenshot
    image: ImageFacts
    session: OdooSession | None = field(default=None, init=False)
    output: ScreenshotOutput = field(default_factory=ScreenshotOutput, init=False)
    result: ExecResult | None = field(default=None, init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; `clear` undoes all of them."""
        return (
            Step("session", "signing in", self.sign_in),
            Step("browser", "starting a browser", self.start),
            Step("page", "loading the page", self.load),
        )

    def on_step(self, step: Step, number: int, total: int) -> None:
        """Report which step begins."""
        self.call.report(step.name, step.message, number, total)

    def sign_in(self) -> None:
        """Make a session of the user, if the page is to be seen by one."""
        if self.args.user is not None:
            seconds = int(SESSION_TIME.total_seconds())
            self.session = make_session(self.deps, self.call, self.row, self.args.user, seconds)

    def start(self) -> None:
        """Start the container; its mark is written first, by which recovery removes it."""
        plan, containers = self._plan, self.deps.engine.containers
        remove_browser(containers, plan)
        write_private(plan.browser_mark, "")
        serving = require_running(self.deps.naming, containers, self.row)
        containers.create(browser_spec(plan, self.row, self.image, serving))
        containers.start(plan.browser)

    def load(self) -> None:
        """Load the page, and let the browser draw it."""
        cookie = None
        if self.session is not None:
            cookie = cookie_name(self.row.port), self.session.value
        base = base_url(self.deps.settings, self.row) or ""
        asked = request(self.args, base, cookie, self.output.mark)
        spec = ExecSpec(command(), DEADLINE_SECONDS, asked)
        monitor = ProgressMonitor(self.output.add, self.call.cancelled)
        containers = self.deps.engine.containers
        self.result = containers.run_inside(self._plan.browser, spec, monitor=monitor)

    def clear(self) -> None:
        """Remove the container, and end the session; recovery removes what cannot be removed."""
        try:
            remove_browser(self.deps.engine.containers, self._plan)
        except (Failure, OSError):
            log.exception("the browser beside %s is removed later", self.row.name)
        if self.session is not None:
            with contextlib.suppress(Failure):  # it does not run any more
                address = require_address(self.deps.naming, self.deps.engine.containers, self.row)
                end_session(address, f"{cookie_name(self.row.port)}={self.session.value}")

    def shown(self, text: str) -> str:
        """Return a text of the page without credentials, that of the session first of all."""
        if self.session is not None:
            text = text.replace(self.session.value, HIDDEN)
        return redact(text)

    @property
    def _plan(self) -> EnvironmentPlan:
        return EnvironmentPlan.of(self.deps.naming, self.row)


def browser_spec(
    plan: EnvironmentPlan, row: Environment, image: ImageFacts, serving: str
) -> ContainerSpec:
    """Return the specification of the browser's container.

    It shares the network of the container that serves: the addresses that it reaches, and the rules
    about them, are those of the environment. It has no file of the environment.

    Args:
        plan: the environment's names.
        row: the environment.
        image: with a browser, and the user to run as.
        serving: the container that serves.
    """
    return ContainerSpec(
        name=plan.browser,
        image=image.id,
        labels=plan.naming.labels("once", id=row.id, team=row.team, name=row.name),
        entrypoint=("sleep", str(LIFE_SECONDS)),
        user=f"{image.uid}:{image.gid}",
        environment={"HOME": EMPTY_FOLDER},
        mounts=(Mount("tmpfs", EMPTY_FOLDER, read_only=False),),
        network_of=serving,
        read_only=True,
        limits=LIMITS,
        shm_size=SHARED_MEMORY,
    )


def remove_browser(containers: Containers, plan: EnvironmentPlan) -> None:
    """Remove the browser's container, then its mark; the caller holds the environment's lock."""
    if plan.browser_mark.exists():
        containers.remove(plan.browser)
        plan.browser_mark.unlink(missing_ok=True)


def _outcome(row: Environment, args: TakeScreenshot, work: Screenshot) -> Outcome[ScreenshotView]:
    shot = work.output.shot
    if shot is None:
        raise _failed(row, work)
    facts = _redacted(work, shot.facts)
    view = ScreenshotView.from_row(facts, seconds=round(shot.seconds, 2))
    drawn = png_size(shot.png) == (args.width, args.height)
    problem = page_problem(args, facts)
    if problem is None and not drawn:
        problem = PageProblem("did not let itself be drawn", "A script of the page may not end.")
    image = shot.png if drawn else b""
    if problem is None:
        summary = f"{_page(row, args)} was loaded in {view.seconds} s."
        return Outcome(view, summary, warnings=_warnings(facts), image=image)
    told = f"{_page(row, args)} {problem.reason}."
    failure = UpstreamFailed(
        told,
        problem.hint,
        Next.of("get_environment_logs", "shows its log", name=row.name),
        output="\n".join((*facts.exceptions, *facts.console)),
    )
    return Outcome(
        view,
        told,
        warnings=_warnings(facts),
        next=failure.next,
        image=image,
        status=Status.FAILED,
        error=ErrorView.of(failure),
    )


def _page(row: Environment, args: TakeScreenshot) -> str:
    """Name the page without its query, which may be a secret: jobs keep their summary."""
    path = args.path.partition("?")[0][:100]
    return f"{path} of {row.name}" + ("" if args.user is None else f" as {args.user}")


def _warnings(facts: PageFacts) -> tuple[str, ...]:
    found = []
    if facts.console:
        found.append(f"The page wrote {counted(len(facts.console), 'error')} into its console.")
    if facts.requests:
        found.append(f"{counted(len(facts.requests), 'request')} of the page failed.")
    return tuple(found)


def _redacted(work: Screenshot, facts: PageFacts) -> PageFacts:
    def each(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(work.shown, texts))

    return replace(
        facts,
        url=work.shown(facts.url),
        title=work.shown(facts.title),
        exceptions=each(facts.exceptions),
        console=each(facts.console),
        requests=each(facts.requests),
    )


def _failed(row: Environment, work: Screenshot) -> UpstreamFailed:
    result = work.result
    killed = killed_reason(result, DEADLINE_SECONDS) if result is not None else ""
    reason = (
        killed or f"ended without a picture: {work.shown(work.output.last) or 'it said nothing'}"
    )
    return UpstreamFailed(
        f"The browser for {_page(row, work.args)} {reason}.",
        "Call again when the machine has less to do; a page of another size may need less memory.",
    )
