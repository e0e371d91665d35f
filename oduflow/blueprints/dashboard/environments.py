"""The pages of environments: the list with its search, a new one, and what is done to one."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.blueprint import current_team, data, redirect_to
from oduflow.blueprints.dashboard.environment import environment_page
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.resource_pages import Key, ResourcePages
from oduflow.blueprints.dashboard.resources import TEMPLATES, fetched_branches, ready_templates
from oduflow.blueprints.dashboard.work import Work, active_work, work_of
from oduflow.domain.environment import EnvironmentState, EnvironmentView
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope, ErrorView

LIST = "list"  # the value of `back` in forms that return to the list


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One environment of the list, and the job that holds it."""

    environment: EnvironmentView
    work: Work | None

    def matches(self, text: str) -> bool:
        """Whether the row contains every word of a search."""
        it = self.environment
        values = (it.name, it.branch, it.commit, it.template, it.state, it.created_by)
        return all(word in " ".join(values).lower() for word in text.lower().split())


class EnvironmentPages(ResourcePages):
    """The pages of environments, whose actions lead to the page of the one environment."""

    def show_fragment(self) -> Response:
        """Return the list alone; htmx puts the search into the page's URL."""
        response = super().show_fragment()
        text = request.args.get("q", "").strip()
        response.headers["HX-Replace-Url"] = url_for(".environments", q=text or None)
        return response

    def find(self, key: Key) -> EnvironmentView:
        """Return the view of one environment.

        Raises:
            NotFound: the team has no such environment.
        """
        found: EnvironmentView = data("get_environment", **key)
        return found

    def list_context(self) -> dict[str, Any]:
        """Return the rows that match the search, and the team's numbers."""
        text = request.args.get("q", "").strip()
        works = active_work(self.noun)  # before the rows: see `environment._load`
        views: tuple[EnvironmentView, ...] = self.all()
        rows = [EnvironmentRow(view, works.get(view.name)) for view in views]
        names = {view.name for view in views}
        return {
            "q": text,
            "rows": [row for row in rows if row.matches(text)],
            # A new environment has a row only once the first step of its job has made one.
            "coming": [work for name, work in works.items() if name not in names],
            "total": len(views),
            "running": sum(view.state is EnvironmentState.RUNNING for view in views),
            "limit": current_team().max_environments,
            "templates": len(TEMPLATES.all()),
            "working": len(works),
        }

    def form_context(self, form: Form) -> dict[str, Any]:
        """Offer the templates that are ready and the extra repos that were fetched."""
        ready = ready_templates()
        form = form.choosing("template", ready).choosing("extra_repos", fetched_branches())
        return {"form": form, "ready": ready}

    def back_url(self, key: Key) -> str:
        """Return the URL of the environment."""
        return url_for(".environment", name=key["name"])

    def created(self, envelope: Envelope[Any]) -> Response:
        """Show the new environment under the name that was made of the typed one."""
        job = work_of(str(envelope.job)).job
        return redirect_to("environment", name=job.target, job=job.job)

    def done(self, key: Key, envelope: Envelope[Any]) -> Response:
        """Return to the page that the button was on."""
        if request.form.get("back") == LIST:
            return redirect_to(self.plural)
        return redirect_to("environment", **key, job=envelope.job)

    def refused(self, key: Key, failure: Failure) -> str:
        """Render the page that the button was on, and why the action was refused."""
        if request.form.get("back") == LIST:
            return super().refused(key, failure)
        return environment_page(key["name"], failure=ErrorView.of(failure))


ENVIRONMENTS = EnvironmentPages(
    "environment", "/environments", "Environments", "New environment", home="/"
)
