"""The static files: kept by browsers for a year, compressed once, the only compressed answers."""

import gzip

from oduflow.blueprints.static_files import STYLESHEET, static_files
from tests.support.dashboard_world import BLUE, show
from tests.support.fakes import World
from tests.support.tree import PRODUCT

ACCEPTS = {"Accept-Encoding": "gzip, br"}


def test_a_page_asks_for_one_stylesheet_that_holds_every_layer(world: World):
    [link] = show(world, "/").all("link", rel="stylesheet")
    sent = world.client().get(link["href"]).text
    for layer in (PRODUCT / "static").glob("*.css"):
        assert layer.read_text("utf-8") in sent, layer


def test_a_file_is_kept_for_a_year_and_has_another_url_when_it_changes(world: World):
    for name, found in static_files().items():
        answer = world.client().get(f"/static/{found.version}/{name}")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", name
        assert answer.data == found.content
        assert answer.headers["Content-Type"] == found.content_type
    changed = type(found).of("a.css", found.content + b" ")
    assert changed.version != found.version


def test_what_an_older_page_asks_for_is_served_but_not_kept(world: World):
    answer = world.client().get(f"/static/000000000000/{STYLESHEET}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_a_browser_that_takes_gzip_gets_it(world: World):
    for name, found in static_files().items():
        path = f"/static/{found.version}/{name}"
        small, plain = world.client().get(path, headers=ACCEPTS), world.client().get(path)
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.data) == found.content
        assert len(small.data) < len(found.content)
        assert "Content-Encoding" not in plain.headers
        assert {each.headers["Vary"] for each in (small, plain)} == {"Accept-Encoding"}


def test_no_page_is_compressed(world: World):
    for path in ("/", "/system", "/credentials", "/api/status"):
        answer = world.client().get(path, headers={**BLUE, **ACCEPTS})
        assert "Content-Encoding" not in answer.headers, path


def test_a_name_that_is_no_static_file_is_not_found(world: World):
    for name in ("tokens.css", "../web.py", "vendor/README.md", "nowhere.js"):
        assert world.client().get(f"/static/000000000000/{name}").status_code == 404, name
