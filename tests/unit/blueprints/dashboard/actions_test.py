import re

import pytest

from oduflow.blueprints.dashboard.actions import (
    ACTIONS,
    OPENINGS,
    actions_on,
    key_of,
    openings_of,
    progress_word,
)
from oduflow.kernel.operation import Effect
from oduflow.kernel.registry import Registry
from tests.support.tree import PRODUCT

REGISTRY = Registry.discover("oduflow.operations")


@pytest.mark.parametrize(
    ("operation", "word"),
    [("create_environment", "Creating"), ("rebuild_environment", "Rebuilding"), ("x_y", "Working")],
)
def test_what_an_operation_does_is_one_word(operation, word):
    assert progress_word(operation) == word


def test_every_action_calls_an_operation_that_changes_something():
    effects = {each.operation: REGISTRY.get(each.operation).effect for each in ACTIONS}
    assert [name for name, effect in effects.items() if effect is Effect.READ] == []


def test_every_slow_operation_has_a_word_for_its_progress():
    slow = {operation.name for operation in REGISTRY if operation.slow}
    assert [name for name in slow if progress_word(name) == progress_word("x_y")] == []


def test_a_button_knows_every_argument_that_its_operation_requires():
    missing = {}
    for action in ACTIONS:
        if not (action.creates or action.asks):
            fields = REGISTRY.get(action.operation).arguments.model_fields
            required = {name for name, field in fields.items() if field.is_required()}
            missing[action.operation] = required - {*key_of(action.noun), *action.sends}
    assert {name: fields for name, fields in missing.items() if fields} == {}


def test_the_actions_on_one_noun_have_distinct_urls():
    for noun in {action.noun for action in ACTIONS}:
        operations = {action.operation for action in actions_on(noun)}
        assert len({action.slug for action in actions_on(noun)}) == len(operations)


def test_a_form_that_a_thing_opens_has_the_arguments_that_are_filled_in():
    for opening in OPENINGS:
        fields = REGISTRY.get(opening.operation).arguments.model_fields

        assert set(opening.fills) <= set(fields)
        assert opening in [each for each, _creation in openings_of(opening.noun)]


def test_no_template_writes_the_button_of_an_action_by_hand():
    by_hand = re.compile(r"url_for\(['\"]dashboard\.\w+_(?:action|page)['\"]")
    templates = sorted((PRODUCT / "templates/dashboard").glob("*.html"))

    assert len(templates) > 40
    assert [each.name for each in templates if by_hand.search(each.read_text("utf-8"))] == []
