from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduflow.cli.fresh_settings import describe
from oduflow.net.authorities import authorities
from oduflow.settings import (
    CLAUDE_CALLBACKS,
    BadSettings,
    Settings,
    SettingsProblem,
    TeamSettings,
    parse,
)
from oduflow.settings.schema import secrets_of
from oduflow.settings.sections import SECTIONS, TABLES

EXAMPLE = """\
[server]
host = "localhost"
port = 9000
data_dir = "data"
instance = "test-1"
oauth_client_id = "Ov23li"
oauth_client_secret = "client-secret-value"
oauth_base_url = "https://odoo.example.com/"
oauth_redirect_uris = ["https://client.example/cb"]
github_url = "https://github.lan"
github_api_url = "https://api.github.lan"
gitlab_url = "https://gitlab.lan"
bitbucket_api_url = "https://bitbucket.lan/2.0"
trusted_proxies = 1
subnet_pool = "10.99.0.0/16"
sample = true
allow_insecure_http = true
ca_bundle = "{BUNDLE}"
git_allowed_hosts = ["git.lan", "127.0.0.1:8770"]

[routing]
mode = "port"
external_host = "odoo.example.com"
port_range = "30000-30999"
environment_hosts = false
acme_email = "ops@example.com"
tls = false

[storage]
clone = "reflink"
pool = "../pool"

[lifecycle]
auto_stop_hours = 0
auto_delete_hours = 1

[firewall]
ports = [9000, 5432]
egress = ["internet", "10.1.0.0/16"]
allow_unisolated = true

[images]
odoo = "registry.lan/odoo:{version}"
postgres = "registry.lan/postgres:18"
pip_index_url = "https://pypi.lan/simple"
pip_find_links = "/srv/wheels"

[team.blue]
name = "Blue"
hostname = "blue.example.com"
auth_token = "blue-token-0123456789"
ui_password = "blue-password-0123456789"
github_users = ["octocat"]
max_environments = 3
memory_mb = 1024
cpus = 1
disk_gb = 50
default_template = "base"
""".replace("{BUNDLE}", str(authorities(None)))
LINES = EXAMPLE.splitlines()
KNOWN = {key.key for key in describe()} | {*SECTIONS, "team"}


def problems_of(text: str) -> list[SettingsProblem]:
    with pytest.raises(BadSettings) as caught:
        parse(text)
    return list(caught.value.problems)


def problem_of(text: str) -> SettingsProblem:
    [problem] = problems_of(text)
    return problem


def test_the_example_is_read():
    settings = parse(EXAMPLE, Path("/etc/oduflow/oduflow.toml"))
    assert settings.server.port == 9000
    assert settings.server.data_dir == Path("/etc/oduflow/data")
    assert settings.server.oauth_base_url == "https://odoo.example.com"
    assert settings.server.subnet_pool == IPv4Network("10.99.0.0/16")
    assert settings.server.git_allowed_hosts == ("git.lan", "127.0.0.1:8770")
    assert settings.routing.port_range == range(30000, 31000)
    assert settings.storage.pool == Path("/etc/pool")
    assert settings.lifecycle.auto_stop_hours == 0
    assert settings.firewall.ports == (9000, 5432)
    assert settings.firewall.egress == ("internet", "10.1.0.0/16")
    assert settings.teams["blue"].cpus == 1.0
    assert settings.teams["blue"].max_environments == 3
    assert settings.source == Path("/etc/oduflow/oduflow.toml")


def test_every_key_takes_the_default_that_the_documentation_shows():
    for key in describe():
        section = f"[{key.section.replace('<id>', '1')}]\n"
        if not key.in_words:
            assert parse(f"{section}{key.key} = {key.default}") == parse(section), key


def test_the_example_above_has_every_key_whose_default_is_in_words():
    assert {key.key for key in describe() if key.in_words} <= {
        line.split(" = ")[0] for line in LINES
    }


@pytest.mark.parametrize("url", ["none", "https://pypi.lan/simple"])
def test_the_package_index_is_a_url_or_none(url):
    assert parse(f'[images]\npip_index_url = "{url}"').images.pip_index_url == url


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_without_certificates_is_refused(tmp_path, content):
    bundle = tmp_path / "company.pem"
    if content:
        bundle.write_text(content)

    problem = problem_of(f'[server]\nca_bundle = "{bundle}"')

    assert (problem.line, problem.key) == (2, "server.ca_bundle")
    assert "is not a readable file of certificate authorities" in str(problem)


def test_an_empty_file_means_the_defaults_and_one_team_without_secrets():
    settings = parse("")
    assert settings.server.host == "127.0.0.1"
    assert settings.server.oauth_redirect_uris == CLAUDE_CALLBACKS
    assert settings.firewall.ports == (8000,)
    assert settings.teams == {"1": TeamSettings(id="1", name="1")}
    assert any(warning.startswith("No [team.<id>]") for warning in settings.warnings)


def test_teams_keep_the_order_of_the_file_and_cannot_be_changed():
    settings = parse("[team.zulu]\n[team.2]\n[team.alpha]\n")
    assert list(settings.teams) == ["zulu", "2", "alpha"]
    with pytest.raises(TypeError):
        settings.teams["x"] = TeamSettings(id="x")  # type: ignore[index]


def test_a_team_without_a_name_is_called_by_its_id():
    assert parse("[team.blue]\n").teams["blue"].name == "blue"
    assert parse('[team.blue]\nname = ""\n').teams["blue"].name == "blue"


def test_the_firewall_opens_the_servers_own_port_unless_told_otherwise():
    assert parse("[server]\nport = 9000\n").firewall.ports == (9000,)
    assert parse("[firewall]\nports = []\n").firewall.ports == ()


def test_an_empty_list_of_redirects_means_claudes_callbacks():
    assert parse("[server]\noauth_redirect_uris = []\n").server.oauth_redirect_uris == (
        CLAUDE_CALLBACKS
    )


def test_github_enterprise_brings_its_own_api():
    server = parse('[server]\ngithub_url = "https://github.lan/"\n').server
    assert (server.github_url, server.github_api_url) == (
        "https://github.lan",
        "https://github.lan/api/v3",
    )
    assert parse("").server.github_api_url == "https://api.github.com"


def test_a_wrong_value_is_named_with_key_line_value_and_what_is_allowed():
    problem = problem_of('[server]\n\nport = "80"\n')
    assert problem == SettingsProblem(
        line=3,
        key="server.port",
        value='"80"',
        message="must be a whole number from 1 to 65535",
        hint="Write it without quotes.",
    )
    assert str(problem) == (
        'line 3: server.port = "80" must be a whole number from 1 to 65535. '
        "Write it without quotes."
    )


def test_every_problem_is_reported_at_once_in_the_order_of_the_file():
    problems = problems_of("[team.Blue]\ncpus = 0\n[server]\nport = 0\nprot = 1\n[servr]\n")
    assert [(problem.line, problem.key) for problem in problems] == [
        (1, "team.Blue"),
        (2, "team.Blue.cpus"),
        (4, "server.port"),
        (5, "server.prot"),
        (6, "servr"),
    ]


def test_a_wrong_element_of_a_list_is_named_with_its_own_line():
    problem = problem_of('[firewall]\negress = [\n  "internet",\n  "example.com",\n]\n')
    assert (problem.line, problem.key, problem.value) == (4, "firewall.egress", '"example.com"')


def test_a_list_key_takes_nothing_but_a_list():
    problem = problem_of('[team.1]\ngithub_users = "octocat"\n')
    assert problem.message == "must be a list"
    assert problem.hint == 'Write ["octocat"].'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[server]\nprot = 1\n", 'Did you mean "port"?'),
        ("[server]\nData-Dir = 1\n", 'Did you mean "data_dir"?'),
        ("[server]\nauth_token = 1\n", "It belongs in [team.<id>]."),
        ("[lifecycle]\nzzz = 1\n", "The keys here are auto_stop_hours, auto_delete_hours."),
        ("[servers]\n", 'Did you mean "server"?'),
        ("[teams.1]\n", 'Did you mean "team"?'),
        ("port = 1\n", "It belongs in [server]."),
        (
            "[zzz]\n",
            (
                "The tables are server, routing, storage, lifecycle, firewall, images, anonymise,"
                " team."
            ),
        ),
    ],
)
def test_unknown_keys_and_tables_are_refused_with_a_suggestion(text: str, hint: str):
    problem = problem_of(text)
    assert problem.message == "is not known"
    assert problem.hint == hint


@given(
    key=st.text("abcdefghijklmnopqrstuvwxyz_-0123456789", min_size=1, max_size=20).filter(
        lambda key: key not in KNOWN
    ),
    at=st.integers(0, len(LINES)),
    value=st.sampled_from(["1", '"hunter2"', "[\n1,\n]", '"""\n[x]\n"""', "{ a = 1 }"]),
)
def test_an_unknown_key_anywhere_is_refused_on_its_line(key: str, at: int, value: str):
    [problem, *others] = problems_of("\n".join([*LINES[:at], f"{key} = {value}", *LINES[at:]]))
    assert others == []
    assert problem.line == at + 1
    assert problem.key.split(".")[-1] == key
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nport = \n", 2),
        ('[server]\nhost = "localhost\nport = 1\n', 2),
        ("[team.1]\n[team.1]\n", 2),
        ("port = 1\nport = 2\n[server]\n", 2),
        ("x = " + "[" * 1000, None),
        ("x = " + "9" * 5000, None),
    ],
)
def test_a_syntax_error_is_one_problem_with_its_line(text: str, line: int | None):
    problem = problem_of(text)
    assert (problem.line, problem.key) == (line, "")


@pytest.mark.parametrize(
    "text",
    [
        "server = 1\n",
        "[[server]]\n",
        "team = 1\n",
        "[[team]]\n",
        '[team]\nauth_token = "hunter2hunter2"\n',
    ],
)
def test_a_value_in_place_of_a_table_is_refused(text: str):
    assert "hunter2" not in str(problem_of(text))


def test_team_keys_without_an_id_get_the_hint_where_they_belong():
    problem = problem_of('[team]\nauth_token = "0123456789abcdef"\n')
    assert (problem.line, problem.key) == (2, "team.auth_token")
    assert "[team.1]" in problem.hint


@pytest.mark.parametrize(
    "text",
    [
        '[team.1]\nauth_token = "hunter2"\n',
        '[team.1]\nauth_tokn = "hunter2hunter2"\n',
        '[team.1]\nui_password = ["hunter2hunter2"]\n',
        '[team.1]\nui_password = "hunter2hunter2\\n"\n',
        '[team.1]\nauth_token = "hunter2hunter2\n',
        "[team.1]\nauth_token = hunter2hunter2\n",
        '[server]\noauth_client_secret = "hunter2 "\n',
        '[servr]\noauth_client_secret = "hunter2"\n',
        '[images]\npip_index_url = "https://me:hunter2@pypi.lan/simple"\n',
        '[server]\nhost = { auth_token = "hunter2" }\n',
    ],
)
def test_no_message_shows_a_secret(text: str):
    with pytest.raises(BadSettings) as caught:
        parse(text)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)
    assert "hunter2" not in repr(caught.value.problems)
    assert "hunter2" not in f"{caught.value.__cause__!r}"


def test_a_repr_never_shows_a_secret():
    settings = parse(EXAMPLE)
    shown = repr(settings) + repr(settings.server) + repr(settings.teams["blue"])
    for line in LINES:
        if line.startswith(("oauth_client_secret", "auth_token", "ui_password")):
            assert line.split('"')[1] not in shown


def test_every_secret_key_is_kept_out_of_the_repr():
    for shape in TABLES.values():
        hidden = {name for name, field in shape.model_fields.items() if not field.repr}
        assert hidden == set(secrets_of(shape))


def test_relative_folders_start_at_the_current_folder_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert parse('[server]\ndata_dir = "data"\n').server.data_dir == tmp_path / "data"


def test_settings_can_be_made_without_a_file():
    assert Settings().server.port == 8000
