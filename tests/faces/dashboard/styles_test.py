"""The stylesheets: one place for colours and sizes, readable in both themes."""

import re
from itertools import product

import pytest

from tests.support.tree import PRODUCT

STATIC = PRODUCT / "static"
LAYERS = sorted(STATIC.glob("*.css"))
TOKENS = (STATIC / "tokens.css").read_text("utf-8")
COLOURS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", TOKENS))
THEMES = ("light", "dark")
READ = [
    *product(("ink", "muted"), ("bg", "surface", "sunken")),
    *product(("bad", "busy"), ("surface", "sunken")),
    ("accent-ink", "accent"),
    ("bad-ink", "bad"),
    ("ink", "accent-soft"),
]
SEEN = list(product(("ok", "busy", "bad", "idle", "edge", "focus", "accent"), ("surface", "bg")))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), READ)
def test_text_stands_out_enough_to_be_read(theme, text, ground):
    assert contrast(theme, text, ground) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SEEN)
def test_shapes_stand_out_enough_to_be_seen(theme, shape, ground):
    assert contrast(theme, shape, ground) >= 3


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.name)
def test_colours_and_sizes_come_from_one_place(path):
    if path.name == "tokens.css":
        assert ":root {" in path.read_text("utf-8")
        return
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("@media"):
            assert not re.search(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl|\d(px|rem)\b", line), line


def test_every_token_is_used_and_every_used_token_is_there():
    named = set(re.findall(r"--([\w-]+):", TOKENS))
    text = "".join(path.read_text("utf-8") for path in LAYERS)
    assert set(re.findall(r"var\(--([\w-]+)", text)) == named


def test_nothing_is_fetched_from_elsewhere():
    for path in [*LAYERS, STATIC / "oduflow.js", STATIC / "icon.svg"]:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|url\(|\beval\b|new Function|innerHTML", text), path


def test_what_is_vendored_brings_its_licence():
    folders = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").read_text("utf-8")
        assert folder.name in (STATIC / "vendor" / "README.md").read_text("utf-8")


def contrast(theme: str, text: str, ground: str) -> float:
    """Compare two colours as WCAG 2.2 does (1.4.3)."""
    brighter, darker = sorted((luminance(theme, text), luminance(theme, ground)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(theme: str, name: str) -> float:
    colour = COLOURS[name].split(", ")[THEMES.index(theme)]
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
