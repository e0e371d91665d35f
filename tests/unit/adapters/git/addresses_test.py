import pytest

from oduflow.adapters.git.addresses import pin
from oduflow.adapters.git.urls import parse_url
from oduflow.domain.errors import Invalid
from tests.support.addresses import not_asked, resolving

PUBLIC = "140.82.121.4"
PUBLIC_V6 = "2606:50c0:8000::153"


def test_git_is_given_the_addresses_that_were_checked():
    remote = parse_url("https://git.example:8443/a/b")
    assert (
        pin(remote, (), resolving(PUBLIC, PUBLIC_V6)) == f"git.example:8443:{PUBLIC},[{PUBLIC_V6}]"
    )


def test_of_mixed_addresses_only_the_public_ones_are_dialled():
    remote = parse_url("https://git.example/a/b")
    resolved = pin(remote, (), resolving("127.0.0.1", PUBLIC, "169.254.169.254", "::1"))
    assert resolved == f"git.example:443:{PUBLIC}"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_leads_to_a_private_address_is_refused(address):
    remote = parse_url("https://innocent.example/a/b")
    with pytest.raises(Invalid, match=r"innocent\.example is not on the public internet"):
        pin(remote, ("other.example",), resolving(address))


def test_a_host_that_the_operator_lists_is_dialled_where_it_resolves_to():
    remote = parse_url("http://git.lan:8770/a/b", ("git.lan:8770",))
    assert pin(remote, ("git.lan:8770",), resolving("10.0.0.5")) == "git.lan:8770:10.0.0.5"
    with pytest.raises(Invalid):
        pin(parse_url("https://git.lan/a/b"), ("git.lan:8770",), resolving("10.0.0.5"))


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"])
def test_a_private_address_in_the_url_is_refused_unless_listed(host):
    remote = parse_url(f"https://{host}/a/b")
    with pytest.raises(Invalid):
        pin(remote, (), not_asked)
    assert pin(remote, (parse_url(f"https://{host}/a").clean.split("/")[2],), not_asked) is None


def test_a_public_address_in_the_url_needs_no_resolver():
    assert pin(parse_url(f"https://{PUBLIC}/a/b"), (), not_asked) is None
