"""The grants: the list, making one, the one sight of its secret, revoking one."""

from typing import Any

import pytest

from tests.support.fakes import BLUE_PASSWORD, basic
from tests.support.grants_world import GrantsWorld, grants_world
from tests.support.pages import Element, read_page

BLUE = basic(BLUE_PASSWORD)
FORM = {"name": "ci", "environments": "shop, till", "tiers": "read write"}


def test_a_row_says_what_it_opens_and_until_when(made: GrantsWorld) -> None:
    top = made.grant("top", environments=["shop"], tiers=["admin", "read"], calls=9, rest=True)
    made.grant("child", made.holder(top), environments=["shop"], tiers=["read"])

    child, parent = rows(show(made, "/access"))
    for text in ("Live", "child", "of top", "shop", "read", "8 left", "UTC", "grant top"):
        assert text in child.text
    for text in ("top", "shop", "REST too", "admin, read", "1", "admin"):
        assert text in parent.text
    assert parent.all("a", href="/environments/shop")
    assert parent.all("a", href="/access/top/revoke")


def test_the_secret_is_on_the_answer_and_on_no_page_after_it(made: GrantsWorld) -> None:
    answer = post(made, "/access", **FORM)
    page = read_page(answer.text)
    secret = page.one("pre", class_="command").text

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert made.holder(secret).subject == "ci"
    assert page.one("h1").text == "Grant ci"
    for path in ("/access", "/access/ci/revoke", "/jobs", "/new/grant"):
        assert secret not in made.world.client().get(path, headers=BLUE).text
    assert secret not in repr(made.world.audit.rows)


def test_the_answer_is_a_page_like_the_others(made: GrantsWorld) -> None:
    page = read_page(post(made, "/access", **FORM, rest="true").text)

    assert len(page.all("a", aria_current="page")) == 1
    assert page.one("title").text.endswith("· Blue · Oduflow")
    for text in ("/mcp/shop", "/mcp/till", "localhost:8000/api"):
        assert text in page.one("main").text
    for element in page.walk():
        assert "style" not in element.attributes
        assert not [name for name in element.attributes if name.startswith("on")]


def test_sending_the_form_again_shows_no_secret(made: GrantsWorld) -> None:
    secret = read_page(post(made, "/access", **FORM).text).one("pre", class_="command").text
    again = post(made, "/access", **FORM)

    assert again.status_code == 409
    assert "odf_" not in again.text
    assert made.holder(secret).subject == "ci"


def test_what_does_not_fit_is_said_and_nothing_is_lost(made: GrantsWorld) -> None:
    answer = post(made, "/access", name="ci", environments="shop", tiers="fly")

    assert answer.status_code == 422
    page = read_page(answer.text)
    assert page.one("p", id="p-tiers").text
    assert "checked" in page.one("input", name="environments", value="shop").attributes
    assert made.grants.list("1") == ()


def test_the_form_opens_with_reading_ticked_and_no_tier_when_none_was_sent(
    made: GrantsWorld,
) -> None:
    form = show(made, "/new/grant").one("form", action="/access")
    assert [value for name, value in form.entries() if name == "tiers"] == ["read"]

    answer = post(made, "/access", name="ci", environments="shop")
    assert answer.status_code == 422
    page = read_page(answer.text)
    assert page.one("p", id="p-tiers").text == "Choose at least one."
    assert not [name for name, _ in page.one("form", action="/access").entries() if name == "tiers"]


def test_revoking_says_what_ends_and_ends_it(made: GrantsWorld) -> None:
    secret = made.grant("top")
    made.grant("child", made.holder(secret))

    assert "child" in show(made, "/access/top/revoke").one("section").text
    answer = post(made, "/access/top/revoke")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/access?done=revoke")
    assert made.keeper.verify(secret, "/mcp") is None
    assert "No grant yet" in show(made, "/access").text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there_cannot_be_revoked(made: GrantsWorld, method: str) -> None:
    answer = made.world.client().open("/access/gone/revoke", method=method, headers=BLUE)

    assert answer.status_code == 404


def show(made: GrantsWorld, path: str) -> Element:
    answer = made.world.client().get(path, headers=BLUE)
    assert answer.status_code == 200, answer.text
    return read_page(answer.text)


def post(made: GrantsWorld, path: str, **form: str) -> Any:
    return made.world.client().post(path, data=form, headers=BLUE)


def rows(page: Element) -> list[Element]:
    return page.one("tbody").all("tr")


@pytest.fixture
def made(tmp_path: Any) -> Any:
    with grants_world(tmp_path) as world:
        yield world
