from dataclasses import replace

import pytest

from oduflow.adapters.store import Environments, Templates
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.template import TemplateState
from tests.support.store_rows import environment, template


def test_a_row_comes_back_as_it_went_in(templates):
    row = template(step="database", job="b" * 12)

    templates.add(row)

    assert templates.get("1", "base") == row
    assert templates.by_id(row.id) == row
    assert templates.list("1") == (row,)
    assert templates.all() == (row,)


def test_a_team_sees_its_own(templates):
    templates.add(template())

    assert templates.get("2", "base") is None
    assert templates.list("2") == ()


def test_a_name_is_given_once_a_team(templates):
    templates.add(template(id="first"))

    with pytest.raises(Conflict, match="template “base” already"):
        templates.add(template(id="second"))

    templates.add(template(id="third", team="2"))


def test_a_change_is_written_and_answered(templates):
    templates.add(template(state=TemplateState.CREATING))

    answer = templates.update("template1", state=TemplateState.READY, step="sealed")

    assert answer == replace(template(), step="sealed")
    assert templates.by_id("template1") == answer


def test_what_is_for_life_does_not_change(templates):
    templates.add(template())

    with pytest.raises(TypeError, match="name"):
        templates.update("template1", name="other")


def test_a_row_that_is_gone_cannot_change(templates):
    with pytest.raises(NotFound, match="template no longer exists"):
        templates.update("gone", step="x")


def test_a_template_outlives_what_was_cloned_from_it(templates, store):
    templates.add(template())
    environments = Environments(store)
    environments.add(environment())

    with pytest.raises(Conflict, match="cloned from this template"):
        templates.remove("template1")

    environments.remove(environment().id)
    templates.remove("template1")
    templates.remove("template1")
    assert templates.all() == ()


@pytest.fixture
def templates(store):
    return Templates(store)
