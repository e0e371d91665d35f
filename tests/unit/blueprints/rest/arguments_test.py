from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from werkzeug.exceptions import UnsupportedMediaType

from oduflow.blueprints.rest.arguments import array_fields, preferred_wait, read_arguments
from oduflow.domain.errors import Invalid
from oduflow.kernel.registry import Registry
from tests.support.fakes import BASE_URL, make_world
from tests.support.things import THINGS


def test_a_query_gives_texts_and_arrays_by_repeating_the_key():
    read = read_query("list_things", "?text=a&heavy=true&limit=3&colours=red&colours=blue")
    assert read == {"text": "a", "heavy": "true", "limit": "3", "colours": ["red", "blue"]}


def test_an_array_of_one_is_an_array():
    assert read_query("list_things", "?colours=red") == {"colours": ["red"]}


def test_a_text_that_is_given_twice_is_invalid():
    with pytest.raises(Invalid, match="text is given 2 times"):
        read_query("list_things", "?text=a&text=b")


def test_an_unknown_key_is_left_for_the_runner_to_refuse():
    assert read_query("list_things", "?nonsense=1") == {"nonsense": "1"}


def test_a_body_gives_its_values_as_they_are():
    assert read_body(b'{"heavy": true, "colours": ["red"]}') == {
        "name": "a",
        "heavy": True,
        "colours": ["red"],
    }


def test_null_in_the_body_leaves_an_argument_of_the_path_as_it_is():
    assert read_body(b'{"name": null, "heavy": true}') == {"name": "a", "heavy": True}
    with pytest.raises(Invalid, match="another value elsewhere"):
        read_body(b'{"name": ["b"]}')


def test_no_body_is_no_arguments():
    assert read_body(b"", content_type="text/plain") == {"name": "a"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_invalid(body):
    with pytest.raises(Invalid, match="The body is not JSON"):
        read_body(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_json_that_is_not_one_object_is_invalid(body):
    with pytest.raises(Invalid, match="not one object"):
        read_body(body)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_a_body_that_a_form_could_post_is_refused(content_type):
    with pytest.raises(UnsupportedMediaType):
        read_body(b'{"heavy": true}', content_type=content_type)


def test_json_may_name_its_encoding():
    assert read_body(b"{}", content_type="application/json; charset=utf-8") == {"name": "a"}


def test_a_name_may_stand_in_the_path_and_in_the_body_when_both_say_the_same():
    assert read_body(b'{"name": "a"}') == {"name": "a"}


@pytest.mark.parametrize("body", [b'{"name": "b"}', b'{"name": ["a"]}'])
def test_a_body_that_contradicts_the_path_is_invalid(body):
    with pytest.raises(Invalid, match="name"):
        read_body(body)


def test_a_query_that_contradicts_the_path_is_invalid():
    with pytest.raises(Invalid, match="name"):
        read("get_thing", {"name": "a"}, query_string="name=b")


def test_a_post_reads_no_query_so_none_is_passed_over_in_silence():
    with pytest.raises(Invalid, match="no query"):
        read("bake_thing", {"name": "a"}, method="POST", query_string="heavy=true")


@pytest.mark.parametrize(("name", "method"), [("get_thing", "GET"), ("delete_thing", "DELETE")])
def test_a_get_or_delete_reads_no_body(name, method):
    with pytest.raises(Invalid, match="no body"):
        read(name, {"name": "a"}, method=method, data=b"{}", content_type="application/json")


@pytest.mark.parametrize(
    ("path", "sent", "hint"),
    [
        ({"name": "a"}, {"data": b"{"}, 'Send one JSON object, such as {"name": "shop"}.'),
        ({"name": "a"}, {"data": b"[]"}, 'Send one JSON object, such as {"name": "shop"}.'),
        ({"name": "a"}, {"data": b'{"name": "b"}'}, "Leave name out of the query and the body."),
        ({}, {"query_string": "heavy=true"}, "Put the query's parameters into the body."),
    ],
)
def test_a_refusal_says_how_it_is_sent(path, sent, hint):
    with pytest.raises(Invalid) as refused:
        read("bake_thing", path, method="POST", content_type="application/json", **sent)

    assert refused.value.hint == hint


class EveryArgument(BaseModel):
    text: str
    maybe: str | None = None
    several: tuple[str, ...] = ()
    listed: list[int] = []
    described: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    optional: tuple[str, ...] | None = None
    mapped: dict[str, str] = {}


def test_a_query_repeats_the_key_of_exactly_these():
    assert array_fields(EveryArgument) == {"several", "listed", "described", "optional"}


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("Wait = 10", 10),
        ('wait="10"', 10),
        ("wait=10; foo=bar", 10),
        ("respond-async, wait=10", 10),
        ("wait=10, wait=20", 10),
        ("wait=45", 45),
        ("wait=46", 45),
        ("wait=999999999", 45),
        ("wait=0", 0),
        ("", 0),
        ("respond-async", 0),
    ],
)
def test_prefer_wait_asks_for_at_most_45_seconds(prefer, seconds):
    assert preferred_wait(prefer) == seconds


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", "await=9", "wait=" + "9" * 5000]
)
def test_a_preference_that_cannot_be_parsed_is_ignored(prefer):
    assert preferred_wait(prefer) == 0


def read_query(name: str, query: str) -> dict[str, Any]:
    return read(name, {}, query_string=query.removeprefix("?"))


def read_body(body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    path = {"name": "a"}
    return read("bake_thing", path, method="POST", data=body, content_type=content_type)


def read(name: str, path: dict[str, str], **request: Any) -> dict[str, Any]:
    with make_world().app.test_request_context("/", base_url=BASE_URL, **request):
        return read_arguments(Registry(THINGS).get(name), path)
