"""The page of the server: its health, its versions, and the signed-in actor."""

import platform
from collections import Counter
from typing import cast

from flask import current_app, render_template
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.blueprints.dashboard.blueprint import blueprint, current_actor, current_team, data
from oduflow.blueprints.dashboard.client_setup import CLIENTS
from oduflow.blueprints.health import Readiness
from oduflow.domain.access import Tier
from oduflow.domain.environment import EnvironmentState
from oduflow.settings.team_url import team_url

READINESS = f"{EXTENSION}.dashboard.readiness"


@blueprint.record
def share_readiness(state: BlueprintSetupState) -> None:
    """Cache the probe's findings for two seconds, for all requests."""
    probe = cast("Context", state.app.extensions[EXTENSION]).probe
    state.app.extensions[READINESS] = Readiness(probe)


@blueprint.get("/system")
def system() -> str:
    """Show whether environments can be created, and the actor's permissions."""
    settings = context().settings
    offered = data("list_templates")
    environments = data("list_environments").environments
    status = data("get_status")
    used = Counter(each.odoo_image for each in (*offered.templates, *environments))
    return render_template(
        "dashboard/system.html",
        findings=current_app.extensions[READINESS].findings(),
        database=status.database,
        clone=status.clone,
        quotas=status.quotas,
        address=team_url(settings, current_team()),
        tiers=[tier for tier in Tier if tier in current_actor().tiers],
        images=settings.images,
        odoo_versions=offered.odoo_versions,
        used_images=sorted(used.items()),
        running=sum(each.state is EnvironmentState.RUNNING for each in environments),
        clients=CLIENTS,
        python=platform.python_version(),
    )
