"""The page of an environment's edits: what its checkout has that its commit has not."""

from flask import render_template

from oduflow.blueprints.dashboard.blueprint import blueprint, call, data
from oduflow.blueprints.dashboard.buttons import buttons
from oduflow.domain.environment import EnvironmentView


@blueprint.get("/environments/<name>/edits")
def edits(name: str) -> str:
    """Show the edits, and what can be done with them.

    Raises:
        NotFound: there is no such environment.
    """
    environment: EnvironmentView = data("get_environment", name=name)
    answer = call("diff_edits", name=environment.name)
    there = answer.data is not None and answer.data.files
    sections = ("edits", "discarded edits") if there else ("discarded edits",)
    offered = [
        button
        for section in sections
        for button in buttons(environment, "environment", listed=False, section=section)
    ]
    return render_template("dashboard/edits.html", it=environment, answer=answer, buttons=offered)
