import pytest

from oduflow.domain.access import Tier
from oduflow.domain.audit.rows import may_repeat, sealable


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
    ("tier", "slow", "repeats"),
    [
        (Tier.READ, False, True),
        (Tier.READ, True, False),
        (Tier.WRITE, False, False),
        (Tier.ADMIN, False, False),
        (Tier.DESTROY, False, False),
    ],
)
def test_only_quick_calls_of_the_reading_tier_are_counted(tier, slow, repeats):
    assert may_repeat(tier, slow=slow) is repeats
