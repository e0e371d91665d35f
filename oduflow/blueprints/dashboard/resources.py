"""The pages of templates, extra repos, credentials and grants."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import make_response, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from oduflow.blueprints.context import context
from oduflow.blueprints.dashboard.actions import Action
from oduflow.blueprints.dashboard.blueprint import blueprint, call, current_team, data
from oduflow.blueprints.dashboard.buttons import Button, buttons
from oduflow.blueprints.dashboard.credential_form import (
    credential_arguments,
    credential_form,
    refused,
)
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.resource_pages import ResourcePages, Sent
from oduflow.blueprints.dashboard.work import active_work
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure
from oduflow.domain.extra_repo import ExtraRepoState
from oduflow.domain.outcome import Envelope
from oduflow.domain.template import TemplateState, TemplateView, base_name_of
from oduflow.settings.team_url import team_url

UPDATE = "update_template"


class CredentialPages(ResourcePages):
    """The pages of credentials, whose form has three fields in place of one URL."""

    def show_form(self) -> str:
        """Show the form of a new one."""
        return self._form_page(credential_form(request.args))

    def create(self) -> Response:
        """Save a credential, once it is proven."""
        form = credential_form(request.form)
        try:
            envelope = call(self.creation.operation, **credential_arguments(form))
        except Failure as failure:
            page = self._form_page(refused(form, failure))
            return make_response(page, STATUS_OF[failure.kind])
        return self.created(envelope)


class GrantPages(ResourcePages):
    """The pages of grants."""

    def form_context(self, form: Form) -> dict[str, Any]:
        """Offer the environments that a grant can open."""
        found = data("list_environments").environments
        names = [environment.name for environment in found]
        return {"form": form.choosing("environments", names, closed=True)}

    def created(self, envelope: Envelope[Any]) -> Response:
        """Show the secret on this response only.

        A redirect would need a place to keep the secret until the next request. When the form is
        sent again, the name is taken.
        """
        address = team_url(context().settings, current_team())
        page = self._render("made", it=envelope.data, address=address)
        return make_response(page)


class TemplatePages(ResourcePages):
    """The pages of templates; the form of an existing one shows what it has, and can clear it."""

    def show_action(self, action: str, **path: str) -> str:
        """Show the page that asks before an action."""
        if action == "update" and not request.args:
            view = self.find(path)
            shown = {"description": view.description, **view.defaults.model_dump()}
            return self._confirmation(self._action(action), path, _form_of(shown))
        return super().show_action(action, **path)

    def locked_as(self, view: TemplateView) -> str:
        """Return the name that a new version shares with the current one; none of an earlier."""
        return "" if view.state is TemplateState.RETIRED else base_name_of(view.name)

    def is_addressed(self, view: TemplateView) -> bool:
        """Whether calls can name a version: an earlier or unfinished one has no name for them."""
        return view.name == base_name_of(view.name)

    def buttons(self, view: TemplateView) -> Iterator[Button]:
        """Yield the buttons of a row; a version without the template's name has none."""
        return super().buttons(view) if self.is_addressed(view) else iter(())

    def _form(self, action: Action, sent: Sent) -> Form:
        form = super()._form(action, sent)
        return replace(form, clears=action.operation == UPDATE)

    def form_context(self, form: Form) -> dict[str, Any]:
        """Name the Odoo versions and the sources of their images."""
        return {"form": form, "versions": data("list_templates").odoo_versions}

    def _further_page(self, creation: Action, form: Form) -> str:
        works = active_work("upload")  # before the rows: see `environment._load`
        uploads = data("list_uploads").uploads
        shown = {
            **self.form_context(form),
            "works": works,
            "uploads": [(upload, list(buttons(upload, "upload"))) for upload in uploads],
        }
        return self._render(creation.slug, "new", **shown, creation=creation)


def _form_of(shown: Mapping[str, Any]) -> Form:
    """Return the form of a template's description and defaults, with their values."""
    values: MultiDict[str, str] = MultiDict()
    for name, value in shown.items():
        values.setlist(name, list(value) if isinstance(value, tuple) else [value])
    return Form.of(UPDATE, values, without=("name",))


CREDENTIALS = CredentialPages("credential", "/credentials", "Credentials", "New credential")
EXTRA_REPOS = ResourcePages("extra_repo", "/extra-repos", "Extra repos", "Add extra repo")
GRANTS = GrantPages("grant", "/access", "Access", "New grant", first_name="agent")
TEMPLATES = TemplatePages(
    "template", "/templates", "Templates", "New template", first_name="base-19"
)
RESOURCES = (TEMPLATES, EXTRA_REPOS, CREDENTIALS, GRANTS)
# The bar's links in their order: endpoint, words, and the key that follows “g”.
NAVIGATION = (
    ("environments", "Environments", "e"),
    (TEMPLATES.plural, TEMPLATES.heading, "t"),
    (EXTRA_REPOS.plural, EXTRA_REPOS.heading, "r"),
    (CREDENTIALS.plural, CREDENTIALS.heading, "c"),
    ("jobs", "Jobs", "j"),
    (GRANTS.plural, GRANTS.heading, "a"),
    ("audit", "Audit", "u"),
    ("system", "System", "s"),
)


@blueprint.context_processor
def navigation() -> dict[str, Any]:
    """Give every page the links of its bar."""
    return {"navigation": NAVIGATION}


def ready_templates() -> list[TemplateView]:
    """Return the templates that an environment can be cloned from."""
    return [found for found in TEMPLATES.all() if found.state is TemplateState.READY]


def fetched_branches() -> list[str]:
    """Return the branches of extra repos that need no fetching, as `name@branch`."""
    ready = (repo for repo in EXTRA_REPOS.all() if repo.state is ExtraRepoState.READY)
    return [f"{repo.name}@{each.branch}" for repo in ready for each in repo.branches]
