from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.adapters.docker.subnets import bridge_name, first_free, routes_of_ip, routes_of_kernel
from oduflow.domain.errors import Invalid, QuotaReached

POOL = IPv4Network("10.213.0.0/16")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,38}", fullmatch=True)


def test_the_usual_instance_has_the_bridge_the_documentation_names() -> None:
    assert bridge_name("oduflow", "net") == "oduflow-net"


@given(instance=NAMES, what=NAMES)
def test_a_bridge_name_always_fits_and_is_always_the_same(instance: str, what: str) -> None:
    name = bridge_name(instance, what)
    assert len(name) <= 15
    assert name == bridge_name(instance, what)


@given(pairs=st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=20, unique=True))
def test_no_two_networks_share_a_bridge(pairs: list[tuple[str, str]]) -> None:
    assert len({bridge_name(*pair) for pair in pairs}) == len(pairs)


def test_a_dash_on_either_side_makes_two_bridges() -> None:
    assert bridge_name("a-b", "c") != bridge_name("a", "b-c")


def test_the_first_network_that_overlaps_nothing_is_taken() -> None:
    taken = [
        IPv4Network("10.213.0.0/23"),
        IPv4Network("10.213.2.128/25"),
        IPv4Network("10.0.0.0/24"),
    ]
    assert first_free(POOL, taken) == IPv4Network("10.213.3.0/24")


def test_a_route_over_the_whole_pool_leaves_nothing() -> None:
    with pytest.raises(QuotaReached, match="No free network") as caught:
        first_free(POOL, [IPv4Network("10.0.0.0/8")])
    assert "subnet_pool" in caught.value.hint


def test_a_pool_smaller_than_a_team_is_refused() -> None:
    with pytest.raises(Invalid, match=r"10\.213\.0\.0/25"):
        first_free(IPv4Network("10.213.0.0/25"), [])


def test_the_routes_of_ip_are_read_without_defaults() -> None:
    told = """[{"dst":"default","gateway":"192.0.2.1"},{"dst":"0.0.0.0/1","dev":"tun0"},
        {"dst":"128.0.0.0/1","dev":"tun0"},{"dst":"10.8.0.0/24","dev":"tun0"},
        {"type":"local","dst":"127.0.0.1","table":"local"}]"""
    assert routes_of_ip(told) == [IPv4Network("10.8.0.0/24"), IPv4Network("127.0.0.1/32")]


def test_no_routes_at_all_are_no_error() -> None:
    assert routes_of_ip("") == []


def test_the_kernels_own_table_is_read_where_ip_is_missing() -> None:
    table = (
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n"
        "docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n"
    )
    assert routes_of_kernel(table) == [IPv4Network("172.17.0.0/16")]
