import pytest

from oduflow.cli.terminal import strip_control_characters


@pytest.mark.parametrize("order", ["\x1b", "\x07", "\x08", "\r", "\x00", "\x7f", "\x9b", "\x9d"])
def test_control_characters_are_dropped(order):
    assert strip_control_characters(f"a{order}b") == "ab"


def test_lines_tabs_and_every_script_stay():
    assert strip_control_characters("a\tb\nçž 日本 🚀") == "a\tb\nçž 日本 🚀"
