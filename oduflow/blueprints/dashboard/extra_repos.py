"""The extra repos: the list, adding one, bringing it up to date, deleting it."""

from typing import Any

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from oduflow.blueprints.dashboard.blueprint import FRAGMENTS, blueprint, data, redirect_to
from oduflow.blueprints.dashboard.forms import Form
from oduflow.blueprints.dashboard.work import active_work, begin, work_named
from oduflow.blueprints.errors import STATUS_OF
from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.extra_repo import ExtraRepoState, ExtraRepoView
from oduflow.domain.outcome import ErrorView

OPERATION = "add_extra_repo"
NOUN = "extra_repo"


@blueprint.get("/extra-repos")
def extra_repos() -> str:
    """Show the team's extra repos."""
    return render_template("dashboard/extra_repos.html", **_listed())


@blueprint.get(f"{FRAGMENTS}/extra-repos")
def extra_repos_fragment() -> str:
    """Answer the list alone, as it is now."""
    return render_template("dashboard/_extra_repos.html", **_listed())


@blueprint.get("/new/extra-repo")
def new_extra_repo() -> str:
    """Ask where a new extra repo is."""
    return _form(Form.of(OPERATION, request.args))


@blueprint.post("/extra-repos")
def add_extra_repo() -> Response:
    """Begin to fetch an extra repo, and show how far it is."""
    form = Form.of(OPERATION, request.form)
    try:
        work = begin(OPERATION, **form.arguments())
    except Failure as failure:
        return make_response(_form(form.refused(failure)), STATUS_OF[failure.kind])
    return redirect_to("extra_repos", job=work.job.job)


@blueprint.post("/extra-repos/<name>/update")
def update_extra_repo(name: str) -> Response:
    """Begin to fetch its new commits, and show how far it is."""
    try:
        work = begin("update_extra_repo", name=name)
    except Failure as failure:
        if isinstance(failure, NotFound):
            raise
        seen = _listed() | {"failure": ErrorView.of(failure)}
        page = render_template("dashboard/extra_repos.html", **seen)
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("extra_repos", job=work.job.job)


@blueprint.get("/extra-repos/<name>/delete")
def confirm_extra_repo_deletion(name: str) -> str:
    """Say what deleting loses, or why it is refused, and ask."""
    return _confirmation(name)


@blueprint.post("/extra-repos/<name>/delete")
def delete_extra_repo(name: str) -> Response:
    """Begin to delete the extra repo, and show how far it is."""
    try:
        work = begin("delete_extra_repo", name=name)
    except Failure as failure:
        page = _confirmation(name, failure=ErrorView.of(failure))
        return make_response(page, STATUS_OF[failure.kind])
    return redirect_to("extra_repos", job=work.job.job)


def listed() -> tuple[ExtraRepoView, ...]:
    """Return the team's extra repos."""
    found: tuple[ExtraRepoView, ...] = data("list_extra_repos").extra_repos
    return found


def choices() -> list[str]:
    """Return what an environment can be given without fetching anything, as `name@branch`."""
    ready = (repo for repo in listed() if repo.state is ExtraRepoState.READY)
    return [f"{repo.name}@{each.branch}" for repo in ready for each in repo.branches]


def _listed() -> dict[str, Any]:
    return {
        "extra_repos": listed(),
        "works": active_work(NOUN),
        "work": work_named(request.args.get("job", ""), NOUN),
    }


def _form(form: Form) -> str:
    return render_template("dashboard/extra_repo_new.html", form=form)


def _confirmation(name: str, **more: Any) -> str:
    """Ask before deleting.

    Raises:
        NotFound: the team has no such extra repo.
    """
    found = next((repo for repo in listed() if repo.name == name), None)
    if found is None:
        raise NotFound(f"There is no extra repo “{name}”.", "The list shows those there are.")
    return render_template("dashboard/extra_repo_delete.html", extra_repo=found, **more)
