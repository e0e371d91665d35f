"""The container that serves an environment, or will serve one, under the configuration."""

from importlib import resources

from oduflow.adapters.odoo.session_cookie import start_module
from oduflow.domain.container import ContainerLimits, ContainerSpec, ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.odoo_session import cookie_name
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import write_private
from oduflow.services.environments.container import serving_spec
from oduflow.settings import INTERNET, Settings


def prepare_container(
    settings: Settings,
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
) -> ContainerSpec:
    """Write what Odoo's Python imports at its start, and return the container's specification."""
    write_private(plan.python_start, start_text(row.port), uid=image.uid, gid=image.gid)
    return specification(settings, plan, row, image, limits)


def start_text(port: int | None) -> str:
    """Return what the Python of an environment with that port imports at its start."""
    source = (resources.files("oduflow.adapters.odoo") / "session_cookie.py").read_text("utf-8")
    return start_module(source, cookie_name(port))


def specification(
    settings: Settings,
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
) -> ContainerSpec:
    """Return the specification of an environment's container under the configuration."""
    return serving_spec(
        plan,
        row,
        image,
        limits,
        settings.server.host,
        outside_names=INTERNET in settings.firewall.egress,
    )
