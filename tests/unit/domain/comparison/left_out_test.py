import pytest

from oduflow.domain.comparison.left_out import OF_EVERY_ENVIRONMENT, OF_EVERY_MOMENT


@pytest.mark.parametrize("told", [OF_EVERY_ENVIRONMENT, OF_EVERY_MOMENT])
def test_a_comparison_says_that_rows_are_counted_and_not_compared(told):
    assert "only the number is compared, so an update of them does not show" in told
