"""The HTTP status of each kind of failure, and the kind of each HTTP error."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from oduflow.domain.errors import Kind

STATUS_OF: Mapping[Kind, HTTPStatus] = MappingProxyType(
    {
        Kind.BUSY: HTTPStatus.LOCKED,
        Kind.CANCELLED: HTTPStatus.CONFLICT,
        Kind.CONFLICT: HTTPStatus.CONFLICT,
        Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
        Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
        Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
        Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
        Kind.QUOTA: HTTPStatus.FORBIDDEN,
        Kind.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
        Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
        Kind.UPSTREAM: HTTPStatus.BAD_GATEWAY,
    }
)

_KIND_OF: Mapping[HTTPStatus, Kind] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: Kind.UNAUTHENTICATED,
        HTTPStatus.FORBIDDEN: Kind.FORBIDDEN,
        HTTPStatus.NOT_FOUND: Kind.NOT_FOUND,
        HTTPStatus.SERVICE_UNAVAILABLE: Kind.BUSY,
        HTTPStatus.TOO_MANY_REQUESTS: Kind.RATE_LIMITED,
    }
)


def kind_of(status: HTTPStatus) -> Kind:
    """Return the kind of an HTTP error; the default is `invalid` below 500, else `internal`."""
    default = Kind.INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else Kind.INTERNAL
    return _KIND_OF.get(status, default)
