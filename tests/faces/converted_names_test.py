"""An answer says when the name of a new thing is not what the caller wrote."""

import pytest

from tests.support.dashboard_world import BLUE, make_dashboard


@pytest.mark.parametrize(
    ("written", "warnings"),
    [
        ("base-20", []),
        ("Feature/X", ["The name “Feature/X” was written as feature-x."]),
    ],
)
def test_a_converted_name_is_a_warning(written, warnings):
    world, _ = make_dashboard()
    headers = {**BLUE, "Prefer": "wait=10"}
    answer = world.client().post("/api/templates", json={"name": written}, headers=headers)

    assert answer.json["warnings"] == warnings
