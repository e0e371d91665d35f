from http import HTTPStatus

import pytest

from oduflow.blueprints.errors import STATUS_OF, kind_of
from oduflow.domain.errors import Kind


def test_every_kind_has_its_status_and_nothing_else_has():
    assert set(STATUS_OF) == set(Kind)


def test_the_statuses_are_those_of_the_documents():
    assert {kind.value: int(status) for kind, status in STATUS_OF.items()} == {
        "invalid": 422,
        "unauthenticated": 401,
        "forbidden": 403,
        "not_found": 404,
        "conflict": 409,
        "busy": 423,
        "quota": 403,
        "rate_limited": 429,
        "cancelled": 409,
        "upstream": 502,
        "internal": 500,
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.INVALID),
        (401, Kind.UNAUTHENTICATED),
        (403, Kind.FORBIDDEN),
        (404, Kind.NOT_FOUND),
        (405, Kind.INVALID),
        (413, Kind.INVALID),
        (415, Kind.INVALID),
        (421, Kind.INVALID),
        (429, Kind.RATE_LIMITED),
        (500, Kind.INTERNAL),
        (503, Kind.BUSY),
        (504, Kind.INTERNAL),
    ],
)
def test_what_http_itself_names_has_a_kind_too(status, kind):
    assert kind_of(HTTPStatus(status)) is kind
