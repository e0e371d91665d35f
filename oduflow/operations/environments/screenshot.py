"""take_screenshot."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.outcome import Outcome
from oduflow.domain.screenshot import ScreenshotView, TakeScreenshot
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps
from oduflow.services.environments import screenshot
from oduflow.services.environments.unfinished import refuse_unfinished


@operation(
    permission=Permission.ENVIRONMENT_WRITE,
    effect=Effect.WRITE,
    scope=Scope.ENVIRONMENT,
    slow=True,
    idempotent=False,
    audit=("name", "user"),
    rest="POST /environments/{name}/screenshot",
)
def take_screenshot(
    deps: Deps, call: Call, args: TakeScreenshot, environment: Environment
) -> Outcome[ScreenshotView]:
    """Take a screenshot of a page, with its console errors and failed requests.

    One that raises, or leads to the login page, is a failure.
    """
    refuse_unfinished(deps, environment)
    return screenshot.take_screenshot(deps, call, environment, args)
