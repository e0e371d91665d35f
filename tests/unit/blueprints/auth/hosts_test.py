import pytest

from oduflow.blueprints.auth.hosts import allowed_hosts
from oduflow.blueprints.teams import teams_at
from oduflow.settings import parse
from tests.support.fakes import ONE_TEAM, TWO_TEAMS, make_world

SERVER = '[server]\nhost = "{}"\nport = {}\nallow_insecure_http = true\n'
OAUTH = '[server]\noauth_client_id = "a"\noauth_client_secret = "b"\noauth_base_url = "{}"\n'
HOSTNAMES = TWO_TEAMS.replace('"Blue"', '"Blue"\nhostname = "blue.example.com"')


def test_on_loopback_this_machine_goes_by_its_three_names_with_our_port():
    assert allowed_hosts(parse("")) == {"localhost:8000", "127.0.0.1:8000", "[::1]:8000"}


def test_another_loopback_address_is_a_name_too():
    settings = parse(SERVER.format("127.0.0.5", 8000))
    assert "127.0.0.5:8000" in allowed_hosts(settings)
    assert "localhost:8000" in allowed_hosts(settings)


def test_a_bound_address_counts_with_our_port_only():
    settings = parse(SERVER.format("192.168.7.1", 9000) + ONE_TEAM)
    assert allowed_hosts(settings) == {"192.168.7.1:9000"}


def test_a_bound_ipv6_address_is_in_brackets():
    settings = parse(SERVER.format("fd00::1", 9000) + ONE_TEAM)
    assert allowed_hosts(settings) == {"[fd00::1]:9000"}


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104
def test_a_server_bound_everywhere_is_also_on_this_machine(everywhere):
    settings = parse(SERVER.format(everywhere, 8000) + ONE_TEAM)
    assert {"localhost:8000", "127.0.0.1:8000", "[::1]:8000"} < allowed_hosts(settings)


def test_browsers_leave_out_port_80():
    assert {"localhost", "localhost:80"} < allowed_hosts(parse(SERVER.format("127.0.0.1", 80)))


@pytest.mark.parametrize(
    "toml",
    [
        '[routing]\nexternal_host = "odoo.example.com"\n',
        '[team.1]\nhostname = "odoo.example.com"\n',
        OAUTH.format("https://odoo.example.com"),
    ],
    ids=["external_host", "hostname", "oauth_base_url"],
)
def test_a_public_name_counts_with_our_port_and_those_of_a_proxy(toml):
    hosts = allowed_hosts(parse(toml))
    for port in ("", ":80", ":443", ":8000"):
        assert f"odoo.example.com{port}" in hosts
    assert "odoo.example.com:8443" not in hosts
    assert "example.com" not in hosts


def test_the_port_of_the_base_url_counts():
    settings = parse(OAUTH.format("https://odoo.example.com:8443"))
    assert "odoo.example.com:8443" in allowed_hosts(settings)


def test_a_teams_own_host_means_that_team_alone():
    teams = parse(HOSTNAMES).teams
    for host in ("blue.example.com", "BLUE.example.com:443"):
        assert [team.id for team in teams_at(teams, host)] == ["1"]


def test_any_other_host_means_all_teams():
    teams = parse(HOSTNAMES).teams
    assert [team.id for team in teams_at(teams, "localhost:8000")] == ["1", "2"]
    assert [team.id for team in teams_at(parse(TWO_TEAMS).teams, "[::1]:8000")] == ["1", "2"]


@pytest.mark.parametrize("path", ["/", "/api/things", "/healthz", "/mcp", "/metrics", "/static/x"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost", "localhost:80", "127.0.0.1:8001", "localhost.:8000", "a b", "@"],
)
def test_an_unknown_host_is_answered_421_on_every_route(path, host):
    answer = make_world().client().get(path, headers={"Host": host})
    assert answer.status_code == 421


def test_an_unknown_host_is_answered_before_a_wrong_credential_or_method():
    headers = {"Host": "evil.example", "Authorization": "Basic wrong"}
    assert make_world().client().put("/api/things", headers=headers).status_code == 421


def test_a_host_is_known_in_upper_and_lower_case():
    assert (
        make_world().client().get("/healthz", headers={"Host": "LOCALHOST:8000"}).status_code == 200
    )


@pytest.mark.parametrize("name", ["Host", "Authorization"])
def test_a_repeated_header_is_answered_400(name):
    value = {"Host": "localhost:8000", "Authorization": "Basic YTpi"}[name]
    answer = make_world().client().get("/healthz", headers=[(name, value), (name, value)])
    assert answer.status_code == 400
    assert name in answer.json["detail"]


def test_a_request_without_a_host_is_answered_400():
    answer = make_world().client().get("/healthz", headers={"Host": ""})
    assert answer.status_code == 400
