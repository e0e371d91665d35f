"""Every rule has a row that shows it, and every row a rule."""

import pytest

from oduflow.adapters.postgres.neutralisation.rule import Rule
from oduflow.adapters.postgres.neutralisation.rules import RULES
from tests.support.neutralisation_rows import ROWS

SHOWN = {(rule, table) for rule, table, _before, _after in ROWS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name} of {rule.table}")
def test_each_rule_has_a_row_that_shows_it(rule: Rule):
    assert (rule.name, rule.table) in SHOWN


def test_no_rule_is_missing():
    assert len(ROWS) == len(SHOWN) == 56
    assert {(rule.name, rule.table) for rule in RULES} == SHOWN
