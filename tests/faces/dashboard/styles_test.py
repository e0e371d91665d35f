"""The stylesheets: one place for colours and sizes, readable in both themes."""

import re
from itertools import product

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
LITERAL = re.compile(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl|\d(px|rem)\b")
SEEN = list(product(("ok", "busy", "bad", "idle", "edge", "focus", "accent"), ("surface", "bg")))


def test_the_contrast_of_text_is_enough_in_both_themes():
    assert too_weak(READ, 4.5) == {}


def test_the_contrast_of_shapes_is_enough_in_both_themes():
    assert too_weak(SEEN, 3) == {}


def test_colours_and_sizes_come_from_one_place():
    assert ":root {" in TOKENS
    for path in set(LAYERS) - {STATIC / "tokens.css"}:
        for line in path.read_text("utf-8").splitlines():
            if not line.startswith("@media"):
                assert not LITERAL.search(line), (path, line)


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


def too_weak(pairs: list[tuple[str, str]], least: float) -> dict[tuple[str, str, str], float]:
    found = {(theme, *pair): contrast(theme, *pair) for theme in THEMES for pair in pairs}
    return {pair: value for pair, value in found.items() if value < least}


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
