import pytest

from oduflow.cli.remote.target import parse_address
from oduflow.domain.errors import Invalid

SECRET = "Pa55word-of-the-team"


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://host.example", "https://host.example/mcp"),
        ("https://host.example/", "https://host.example/mcp"),
        ("https://host.example/mcp", "https://host.example/mcp"),
        ("https://host.example/mcp/", "https://host.example/mcp"),
        ("https://host.example/mcp/shop-2", "https://host.example/mcp/shop-2"),
        ("HTTPS://Host.Example:8443/mcp", "https://host.example:8443/mcp"),
        (" https://10.1.2.3:8000 ", "https://10.1.2.3:8000/mcp"),
        ("https://[2001:db8::1]:8000", "https://[2001:db8::1]:8000/mcp"),
        ("http://localhost:8000", "http://localhost:8000/mcp"),
        ("http://127.0.0.1:8000/mcp/shop", "http://127.0.0.1:8000/mcp/shop"),
        ("http://[::1]:8000", "http://[::1]:8000/mcp"),
    ],
)
def test_a_server_its_endpoint_and_that_of_an_environment_are_understood(typed, url):
    assert parse_address(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "host.example",
        "host.example:8000",
        "ftp://host.example",
        "file:///etc/passwd",
        "https://",
        "https:///mcp",
        "https://a b.example",
        "https://host.example:port",
        "https://host.example:99999",
        "https://[::1",
        "http://127.1:8000",
        "http://0x7f000001",
        "https://host.example/api",
        "https://host.example/mcp/..",
        "https://host.example/mcp/shop/x",
        "https://host.example/mcp/Shop",
        "https://host.example/mcp/%73hop",
        "https://host.example/mcp?access_token=x",
        "https://host.example/mcp#shop",
    ],
)
def test_anything_else_is_refused_with_the_forms_there_are(typed):
    with pytest.raises(Invalid) as refused:
        parse_address(typed)

    assert "https://HOST/mcp/ENVIRONMENT" in refused.value.hint


@pytest.mark.parametrize("host", ["oduflow.lan", "10.1.2.3:8000", "localhost.example"])
def test_a_token_is_never_sent_in_the_clear_to_another_machine(host):
    with pytest.raises(Invalid) as refused:
        parse_address(f"http://{host}")

    assert "would show the token" in refused.value.message
    assert "ssh -L" in refused.value.hint


@pytest.mark.parametrize("user", [f"admin:{SECRET}", SECRET])
def test_a_secret_in_the_url_is_refused_and_not_repeated(user):
    with pytest.raises(Invalid) as refused:
        parse_address(f"https://{user}@host.example")

    assert SECRET not in f"{refused.value.message} {refused.value.hint}"
    assert "$ODUFLOW_TOKEN" in refused.value.hint
