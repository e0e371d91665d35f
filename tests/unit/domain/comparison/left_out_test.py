import pytest

from oduflow.domain.comparison.left_out import OF_EVERY_ENVIRONMENT, OF_EVERY_MOMENT


@pytest.mark.parametrize("told", [OF_EVERY_ENVIRONMENT, OF_EVERY_MOMENT])
def test_a_comparison_says_of_which_tables_rows_are_only_counted(told):
    assert "Of large tables only the number of rows is compared" in told
