"""The pages of environments: the list with its search, a new one, and what is done to one."""

from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.actions import Action
from oduflow.blueprints.dashboard.blueprint import current_team, data, redirect_to
from oduflow.blueprints.dashboard.environment import environment_page
from oduflow.blueprints.dashboard.filters import repository
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.resource_pages import Key, ResourcePages
from oduflow.blueprints.dashboard.resources import TEMPLATES, fetched_branches, ready_templates
from oduflow.blueprints.dashboard.work import Work, active_work, work_named, work_of
from oduflow.domain.environment import EnvironmentState, EnvironmentView
from oduflow.domain.errors import Failure
from oduflow.domain.outcome import Envelope, ErrorView

LIST = "list"  # the value of `back` in forms that return to the list


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One environment of the list, and the job that holds it."""

    environment: EnvironmentView
    work: Work | None

    def matches(self, shown: "Narrowing") -> bool:
        """Whether the row contains every word of the search, and is of the state and repository."""
        it = self.environment
        if shown.state not in {"", it.state} or shown.repo not in {"", repository(it.repo_url)}:
            return False
        values = (it.name, it.repo_url, it.branch, it.commit, it.template, it.state, it.created_by)
        return all(word in " ".join(values).lower() for word in shown.q.lower().split())


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the page's URL narrows the list to; empty parts do not.

    Attributes:
        q: the words of the search.
        state: a state.
        repo: the name of a repository, such as `acme/addons`.
    """

    q: str
    state: str
    repo: str

    @classmethod
    def requested(cls) -> "Narrowing":
        """Return what the request's URL asks for."""
        return cls(*(request.args.get(field.name, "").strip() for field in fields(cls)))

    def query(self, **changes: str) -> dict[str, Any]:
        """Return the query of a URL, with changes."""
        return {name: value or None for name, value in {**asdict(self), **changes}.items()}


class EnvironmentPages(ResourcePages):
    """The pages of environments, whose actions lead to the page of the one environment."""

    def show_fragment(self) -> Response:
        """Return the list alone; htmx puts the search into the page's URL."""
        response = super().show_fragment()
        query = Narrowing.requested().query()
        response.headers["HX-Replace-Url"] = url_for(".environments", **query)
        return response

    def find(self, key: Key) -> EnvironmentView:
        """Return the view of one environment.

        Raises:
            NotFound: the team has no such environment.
        """
        found: EnvironmentView = data("get_environment", **key)
        return found

    def list_context(self) -> dict[str, Any]:
        """Return the rows that match the search and the filters, and how many each would show."""
        shown = Narrowing.requested()
        works = active_work(self.noun)  # before the rows: see `environment._load`
        views: tuple[EnvironmentView, ...] = self.all()
        rows = [EnvironmentRow(view, works.get(view.name)) for view in views]
        names = {view.name for view in views}
        states = Counter(view.state for view in views)
        repositories = sorted({repository(view.repo_url) for view in views})
        return {
            "shown": shown,
            "rows": [row for row in rows if row.matches(shown)],
            # A new environment has a row only once the first step of its job has made one.
            "coming": [(name, work) for name, work in works.items() if name not in names],
            "total": len(views),
            "states": [(state, states[state]) for state in EnvironmentState if states[state]],
            "repositories": repositories if len(repositories) > 1 else [],
            "limit": current_team().max_environments,
            # Only the first steps show it, and listing templates asks the engine for images.
            "templates": 0 if views else len(TEMPLATES.all()),
            "working": len(works),
            "work": work_named(request.args.get("job", ""), self.noun),
        }

    def form_context(self, form: Form) -> dict[str, Any]:
        """Offer the templates that are ready and the extra repos that were fetched."""
        templates = ready_templates()
        ready = [found.name for found in templates]
        form = form.choosing("template", ready).choosing("extra_repos", fetched_branches())
        default = current_team().default_template or (ready[0] if len(ready) == 1 else "")
        form = form.explaining_default("template", default)
        views: tuple[EnvironmentView, ...] = self.all()
        form = form.suggesting("repo_url", sorted({view.repo_url for view in views}))
        if not any(found.defaults.repo_url for found in templates):
            form = form.requiring("repo_url")
        return {"form": form, "ready": ready}

    def back_url(self, key: Key) -> str:
        """Return the URL of the environment."""
        return url_for(".environment", name=key["name"])

    def created(self, envelope: Envelope[Any]) -> Response:
        """Show the new environment under the name that was made of the typed one."""
        job = work_of(str(envelope.job)).job
        return redirect_to("environment", name=job.target, job=job.job)

    def done(self, action: Action, key: Key, envelope: Envelope[Any]) -> Response:
        """Return to the page that the button was on; after a deletion there is only the list."""
        if action.operation == "delete_environment":
            return redirect_to(self.plural, job=envelope.job)
        if action.operation == "discard_edits":
            return redirect_to("edits", **key)
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
