"""The server itself: its health, its versions, and who asks."""

import platform
from typing import cast

from flask import current_app, render_template
from flask.blueprints import BlueprintSetupState

from oduflow.blueprints.auth.announce import team_url
from oduflow.blueprints.context import EXTENSION, Context, context
from oduflow.blueprints.dashboard.blueprint import blueprint, current_actor, current_team
from oduflow.blueprints.health.readiness import Readiness
from oduflow.domain.access import Tier

READINESS = f"{EXTENSION}.dashboard.readiness"


@blueprint.record
def remember_looks(state: BlueprintSetupState) -> None:
    """Look at the parts once for everybody who asks within two seconds."""
    probe = cast("Context", state.app.extensions[EXTENSION]).probe
    state.app.extensions[READINESS] = Readiness(probe)


@blueprint.get("/system")
def system() -> str:
    """Show whether environments can be created, and who asks."""
    settings = context().settings
    return render_template(
        "dashboard/system.html",
        findings=current_app.extensions[READINESS].findings(),
        address=team_url(settings, current_team()),
        tiers=[tier for tier in Tier if tier in current_actor().tiers],
        images=settings.images,
        python=platform.python_version(),
    )
