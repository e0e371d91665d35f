import pytest

from oduflow.domain.access import Tier
from oduflow.domain.audit.rows import may_repeat, sealable
from oduflow.domain.errors import Kind


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://ghp_abc@github.com/acme/shop.git", "https://****@github.com/acme/shop.git"),
        ("https://u:p@ss@host/x", "https://****@host/x"),
        ("https://u:p/w@host/x", "https://****@host/x"),
        ("HTTPS://U:P@host", "HTTPS://****@host"),
        ("see ssh://git:pw@host and more", "see ssh://****@host and more"),
        ("https://github.com/acme/shop.git", "https://github.com/acme/shop.git"),
        ("ada@example.com", "ada@example.com"),
    ],
)
def test_who_signs_in_to_a_url_is_masked(text, masked):
    assert sealable(text) == masked
    assert sealable([text, 1]) == [masked, 1]


def test_what_is_no_text_stays_as_it_is():
    assert sealable(7) == 7
    assert sealable(None) is None


@pytest.mark.parametrize(
    ("tier", "slow", "outcome", "repeats"),
    [
        (Tier.READ, False, "ok", True),
        (Tier.READ, False, Kind.UPSTREAM, True),
        (Tier.READ, True, "ok", False),
        (Tier.WRITE, False, "ok", False),
        (Tier.ADMIN, False, "ok", False),
        (Tier.DESTROY, False, "ok", False),
        (Tier.DESTROY, False, Kind.NOT_FOUND, True),
        (Tier.DESTROY, True, Kind.NOT_FOUND, False),
        (Tier.WRITE, False, Kind.UPSTREAM, False),
        (Tier.WRITE, False, Kind.INTERNAL, False),
    ],
)
def test_quick_reads_and_quick_refusals_are_counted(tier, slow, outcome, repeats):
    assert may_repeat(tier, slow=slow, outcome=outcome) is repeats
