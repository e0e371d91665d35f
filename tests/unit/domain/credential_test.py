from datetime import timedelta

import pytest
from pydantic import ValidationError

from oduflow.domain.clock import now
from oduflow.domain.credential import SetupRepoAuth, expires_soon

TOKEN = "ghp_A1b2C3d4E5f6G7h8"


def test_the_url_is_shown_by_no_way_of_looking_at_the_arguments():
    args = SetupRepoAuth.model_validate({"repo_url": f"https://me:{TOKEN}@github.com/a/b.git"})

    for shown in (repr(args), str(args), str(args.model_dump()), args.model_dump_json()):
        assert TOKEN not in shown


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://me:x@github.com/a/b", "github.com"),
        ("https://me:x@git.lan:8443/a/b", "git.lan:8443"),
        ("https://me:to/ken@github.com/a/b", ""),
        ("https://me:to@ken/x@github.com/a/b", ""),
        ("https://me:to/ken", ""),
        (TOKEN, ""),
    ],
)
def test_the_audit_knows_the_host_where_no_part_of_a_token_can_be_taken_for_it(url, host):
    assert SetupRepoAuth.model_validate({"repo_url": url}).host == host


def test_a_wrong_value_is_not_repeated_by_the_error_itself():
    with pytest.raises(ValidationError) as caught:
        SetupRepoAuth.model_validate({"repo_url": [TOKEN], TOKEN.lower(): "x"})

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(("days", "soon"), [(13, True), (15, False), (-1, True)])
def test_a_credential_is_flagged_two_weeks_before_its_end(days, soon):
    assert expires_soon(now() + timedelta(days=days)) is soon
    assert not expires_soon(None)
