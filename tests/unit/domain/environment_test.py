from dataclasses import replace

import pytest
from pydantic import ValidationError

from oduflow.domain.environment import (
    CreateEnvironment,
    EnvironmentName,
    EnvironmentState,
    EnvironmentView,
    GetEnvironmentLogs,
)
from oduflow.domain.errors import Invalid, Kind
from oduflow.domain.outcome import ErrorView
from tests.support.store_rows import environment

URL = "http://localhost:20001/"


def test_a_view_shows_what_callers_may_know():
    row = environment(
        modules=("sale",),
        state=EnvironmentState.RUNNING,
        commit="abc",
        port=20001,
        addons=("/mnt/repo/addons",),
        python_deps="0123",
    )

    assert EnvironmentView.of(row, URL).model_dump(mode="json") == {
        "name": "sale",
        "team": "1",
        "state": "running",
        "url": URL,
        "repo_url": "https://example.com/addons.git",
        "branch": "main",
        "commit": "abc",
        "template": "base",
        "odoo_image": "odoo:19.0",
        "modules": ["sale"],
        "protected": False,
        "created_by": "ada",
        "created_at": "2026-03-04T05:06:07.890Z",
        "has_container": True,
        "moved": False,
        "behind": None,
        "branch_checked_at": None,
        "edits": None,
        "extra_repos": [],
        "step": None,
        "job": None,
        "error": None,
        "checkout": None,
        "neutralized": None,
        "disk": None,
    }


def test_a_view_shows_the_step_and_the_job_while_work_is_going_on():
    row = environment(step="database", job="aaaaaaaaaaaa")

    shown = EnvironmentView.of(row, None)

    assert (shown.step, shown.job, shown.url) == ("database", "aaaaaaaaaaaa", None)


def test_a_view_shows_why_it_failed():
    error = ErrorView(kind=Kind.UPSTREAM, message="Odoo ended.")
    row = replace(environment(), state=EnvironmentState.FAILED, error=error)

    assert EnvironmentView.of(row, None).error == error


def test_an_environment_needs_a_name_and_its_template_may_know_the_rest():
    with pytest.raises(ValidationError) as refused:
        CreateEnvironment()  # type: ignore[call-arg]

    assert [error["loc"] for error in refused.value.errors()] == [("name",)]


def test_every_name_of_an_input_is_slugged():
    made = CreateEnvironment(
        name="Feature/X", repo_url="https://example.com/a.git", template="Base 19"
    )

    assert (made.name, made.template) == ("feature-x", "base-19")
    assert EnvironmentName(name="Feature/X").name == made.name


@pytest.mark.parametrize("name", ["", "///", "日本語"])
def test_what_makes_no_name_is_refused(name):
    with pytest.raises((Invalid, ValidationError)):
        EnvironmentName(name=name)


def test_a_text_too_long_to_be_a_branch_is_refused():
    assert len(EnvironmentName(name="x" * 200).name) == 39
    with pytest.raises(ValidationError):
        EnvironmentName(name="x" * 201)


@pytest.mark.parametrize("lines", [0, 2001])
def test_the_number_of_log_lines_has_bounds(lines):
    with pytest.raises(ValidationError):
        GetEnvironmentLogs(name="sale", lines=lines)


def test_modules_have_a_limit():
    with pytest.raises(ValidationError):
        CreateEnvironment(
            name="a", repo_url="https://example.com/a", modules=tuple(f"m{n}" for n in range(101))
        )
