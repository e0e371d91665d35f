"""Every attack, tried by really connecting: first without our rules, then with them.

Where the attack fails even without them, Docker prevents it (`icc=false`, the isolation of its own
bridges); team C's network has no `icc=false`, so that our rule is seen to hold alone.
"""

import pytest

Reached = dict[str, dict[str, str]]

ATTACKS = [
    # who, whom, reached without our rules
    ("a1", "host, gateway a", "host"),
    ("a1", "host, gateway b", "host"),
    ("a1", "host, gateway net", "host"),
    ("a1", "host, gateway pip", "host"),
    ("a1", "docker0", "host"),
    ("a1", "published, own gateway", "b1"),
    ("a1", "published, its gateway", "b1"),
    ("a1", "published, from outside", "b1"),
    ("b1", "published, own gateway", "b1"),
    ("a1", "link-local", "outside"),
    ("a1", "metadata", "outside"),
    ("a1", "private", "outside"),
    ("a1", "internet", "outside"),
    ("a1", "neighbour", ""),
    ("a1", "other team", ""),
    ("a1", "db, other port", ""),
    ("b1", "db", ""),
    ("b1", "neighbour", ""),
    ("c1", "careless neighbour", "c2"),
    ("c1", "careless neighbour, IPv6", "c2"),
    ("c1", "host over IPv6", "host"),
    ("p1", "host, gateway pip", "host"),
    ("p1", "metadata", "outside"),
    ("p1", "private", "outside"),
    ("p1", "published, own gateway", "b1"),
    ("p1", "neighbour", ""),
    ("p1", "db", ""),
    ("outside", "other team", "b1"),
]


@pytest.mark.parametrize(("who", "whom", "reached"), ATTACKS)
def test_without_our_rules_the_attack_gets_this_far(
    undefended: Reached, who: str, whom: str, reached: str
) -> None:
    assert undefended[who][whom] == reached


@pytest.mark.parametrize(("who", "whom"), [row[:2] for row in ATTACKS])
def test_with_our_rules_the_attack_reaches_no_target(
    defended: Reached, who: str, whom: str
) -> None:
    assert defended[who][whom] == ""


@pytest.mark.parametrize(
    ("who", "whom", "reached"),
    [
        ("a1", "db", "db"),
        ("p1", "internet", "outside"),
        ("db", "host, gateway net", "host"),
        ("outside", "published, from outside", "b1"),
        ("host", "published, localhost", "b1"),
        ("host", "neighbour", "a2"),
        ("host", "db", "db"),
    ],
)
def test_with_our_rules_what_is_needed_still_works(
    defended: Reached, who: str, whom: str, reached: str
) -> None:
    assert defended[who][whom] == reached


def test_the_database_is_only_reached_because_of_our_rule(undefended: Reached) -> None:
    assert undefended["a1"]["db"] == ""
