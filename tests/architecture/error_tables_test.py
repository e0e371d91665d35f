from oduflow.blueprints.errors import STATUS_OF
from oduflow.cli.failures import EXIT_CODES
from oduflow.domain import errors
from oduflow.domain.errors import Failure, Kind

# The table of the design, once; each face must say the same.
TABLE = {
    Kind.INVALID: (422, 2),
    Kind.UNAUTHENTICATED: (401, 77),
    Kind.FORBIDDEN: (403, 77),
    Kind.NOT_FOUND: (404, 4),
    Kind.CONFLICT: (409, 5),
    Kind.BUSY: (423, 75),
    Kind.QUOTA: (403, 73),
    Kind.RATE_LIMITED: (429, 75),
    Kind.CANCELLED: (409, 75),
    Kind.UPSTREAM: (502, 69),
    Kind.INTERNAL: (500, 70),
}


def test_every_kind_of_failure_has_an_exit_code():
    assert dict(EXIT_CODES) == {kind: code for kind, (_, code) in TABLE.items()}


def test_every_kind_of_failure_has_an_http_status():
    assert dict(STATUS_OF) == {kind: status for kind, (status, _) in TABLE.items()}


def test_every_kind_is_raised_by_one_failure():
    kinds = [failure.kind for failure in Failure.__subclasses__()]

    assert sorted(kinds) == sorted(Kind)
    assert len(kinds) == len(set(kinds))


def test_the_drawn_tree_of_failures_is_the_real_one():
    drawn = {
        line.split()[1]
        for line in (errors.__doc__ or "").splitlines()
        if line.startswith(("├", "└"))
    }

    assert drawn == {failure.__name__ for failure in Failure.__subclasses__()}
