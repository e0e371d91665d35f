"""Give a copied database to the environment that it was copied for."""

from collections.abc import Callable, Mapping

from oduflow.adapters.odoo.conf import REPORT_URL
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import ensure_secret
from oduflow.services.groups import PostgresGroup


def take_possession(
    postgres: PostgresGroup,
    plan: EnvironmentPlan,
    from_role: str,
    parameters: Mapping[str, str],
    *,
    cancelled: Callable[[], bool],
) -> None:
    """Give the objects of a copied database to the environment's role, and secrets of its own.

    Args:
        postgres: the teams' servers.
        plan: the environment, whose role and database exist.
        from_role: the role that owns the objects; it may serve its own database meanwhile.
        parameters: Odoo's system parameters to set, too.
        cancelled: whether to stop.
    """
    name, password = plan.database, ensure_secret(plan.secrets / "database_password")
    postgres.cluster(plan.team).hand_over(
        name, from_role=from_role, to_role=name, password=password, cancelled=cancelled
    )
    secret = ensure_secret(plan.secrets / "admin_password")
    tenant = postgres.tenant(plan.team, name, password)
    # web.base.url is the address of the host, which the container does not reach.
    tenant.make_own(odoo_hash(secret), {"report.url": REPORT_URL, **parameters})
