import pytest

from oduflow.settings import BadSettings, SettingsProblem, parse

TOKEN = "token-0123456789"  # 16 characters
PASSWORD = "password-0123456"
BEYOND_LOOPBACK = '[server]\nhost = "0.0.0.0"\n'
SAFE_TEAM = f'[team.1]\nauth_token = "{TOKEN}"\nui_password = "{PASSWORD}"\n'
OAUTH = """\
oauth_client_id = "Ov23li"
oauth_client_secret = "abc"
oauth_base_url = "https://odoo.example.com"
"""


def problems_of(text: str) -> list[SettingsProblem]:
    with pytest.raises(BadSettings) as caught:
        parse(text)
    return list(caught.value.problems)


def keys_refused(text: str) -> list[str]:
    return [problem.key for problem in problems_of(text)]


def test_with_long_secrets_a_server_may_listen_everywhere_without_a_warning():
    assert parse(BEYOND_LOOPBACK + SAFE_TEAM).warnings == ()


def test_beyond_loopback_every_face_needs_its_secret():
    problems = problems_of(f"{BEYOND_LOOPBACK}[team.1]\n")
    assert [(problem.line, problem.key) for problem in problems] == [
        (3, "team.1.auth_token"),
        (3, "team.1.ui_password"),
    ]
    assert "allow_insecure_http = true" in problems[0].hint


def test_beyond_loopback_the_implicit_team_is_refused_too():
    assert keys_refused(BEYOND_LOOPBACK) == ["team.1.auth_token", "team.1.ui_password"]


@pytest.mark.parametrize("host", ["::", "10.0.0.1", "2001:db8::7"])
def test_every_address_but_loopback_counts_as_beyond_it(host: str):
    assert len(keys_refused(f'[server]\nhost = "{host}"\n')) == 2


def test_oauth_replaces_a_token_but_not_a_password():
    assert keys_refused(f"{BEYOND_LOOPBACK}{OAUTH}[team.1]\n") == ["team.1.ui_password"]


def test_the_operator_may_allow_open_faces_and_is_warned():
    settings = parse(f"{BEYOND_LOOPBACK}allow_insecure_http = true\n[team.1]\n")
    assert settings.warnings == (
        "[team.1] MCP runs without authentication: auth_token is empty.",
        "[team.1] the dashboard and REST run without authentication: ui_password is empty.",
    )


def test_on_loopback_open_faces_are_a_warning_each():
    assert len(parse("[team.1]\n").warnings) == 2
    assert len(parse(f'[team.1]\nui_password = "{PASSWORD}"\n').warnings) == 1


@pytest.mark.parametrize("key", ["auth_token", "ui_password"])
class TestLengthOfSecrets:
    def test_below_8_characters_it_is_refused_even_on_loopback(self, key: str):
        [problem] = problems_of(f'[team.1]\n{key} = "1234567"\n')
        assert (problem.line, problem.value) == (2, "****")

    def test_below_16_characters_it_is_a_warning_on_loopback(self, key: str):
        warnings = parse(f'[team.1]\n{key} = "12345678"\n').warnings
        assert f"[team.1] {key} has 8 characters, fewer than 16." in warnings

    def test_below_16_characters_it_is_refused_elsewhere_even_with_insecure_http(self, key: str):
        text = f'{BEYOND_LOOPBACK}allow_insecure_http = true\n[team.1]\n{key} = "{"x" * 15}"\n'
        [problem] = problems_of(text)
        assert (problem.line, problem.key, problem.value) == (5, f"team.1.{key}", "****")

    def test_16_characters_are_enough(self, key: str):
        warnings = parse(f'[team.1]\n{key} = "{"x" * 16}"\n').warnings
        assert not any("characters" in warning for warning in warnings)


@pytest.mark.parametrize("mine", ["auth_token", "ui_password"])
@pytest.mark.parametrize("theirs", ["auth_token", "ui_password"])
def test_two_teams_with_one_secret_are_refused_naming_both_lines(mine: str, theirs: str):
    [problem] = problems_of(f'[team.1]\n{mine} = "{TOKEN}"\n[team.2]\n{theirs} = "{TOKEN}"\n')
    assert (problem.line, problem.key, problem.value) == (4, f"team.2.{theirs}", "****")
    assert problem.message == f"is the same as team.1.{mine} on line 2"
    assert TOKEN not in str(problem)


def test_teams_without_secrets_share_none():
    assert len(parse("[team.1]\n[team.2]\n").teams) == 2


def test_one_secret_for_both_faces_of_a_team_is_a_warning():
    settings = parse(f'[team.1]\nauth_token = "{TOKEN}"\nui_password = "{TOKEN}"\n')
    assert settings.warnings == ("[team.1] auth_token and ui_password are the same.",)


def test_two_teams_with_one_host_name_are_refused():
    text = '[team.1]\nhostname = "a.lan"\n[team.2]\nhostname = "A.lan"\n'
    [problem] = problems_of(text)
    assert (problem.line, problem.message) == (4, "is the same as team.1.hostname on line 2")


def test_a_third_of_oauth_is_refused_naming_what_is_missing():
    assert keys_refused('[server]\noauth_client_id = "Ov23li"\n') == [
        "server.oauth_client_secret",
        "server.oauth_base_url",
    ]


def test_a_wrong_value_is_not_called_missing_as_well():
    text = OAUTH.replace("https://odoo.example.com", "odoo.example.com")
    [problem] = problems_of(f"[server]\n{text}")
    assert problem.message.startswith("must be a URL")


@pytest.mark.parametrize("key", ["github_url", "github_api_url", "gitlab_url", "bitbucket_api_url"])
def test_plain_http_towards_a_provider_is_for_loopback_only(key: str):
    assert keys_refused(f'[server]\n{key} = "http://github.lan"\n') == [f"server.{key}"]
    assert parse(f'[server]\n{key} = "http://127.0.0.1:8081"\n').teams
    assert parse(f'[server]\nallow_insecure_http = true\n{key} = "http://github.lan"\n').teams


def test_oauth_over_plain_http_is_for_loopback_only():
    plain = OAUTH.replace("https:", "http:")
    assert keys_refused(f"[server]\n{plain}") == ["server.oauth_base_url"]
    local = OAUTH.replace("https://odoo.example.com", "http://localhost:8000")
    assert parse(f"[server]\n{local}").server.oauth_enabled


def test_one_team_without_github_users_admits_all_of_github_with_a_warning():
    warnings = parse(f"[server]\n{OAUTH}{SAFE_TEAM}").warnings
    assert warnings == ("Any GitHub user may sign in: the only team lists no github_users.",)


def test_several_teams_without_github_users_admit_no_one_with_a_warning():
    warnings = parse(f"[server]\n{OAUTH}{SAFE_TEAM}[team.2]\n").warnings
    assert "No GitHub user may sign in: no team lists github_users." in warnings


def test_listed_github_users_need_no_warning():
    text = f'[server]\n{OAUTH}{SAFE_TEAM}github_users = ["octocat"]\n'
    assert parse(text).warnings == ()


def test_the_sign_in_host_of_several_teams_is_not_one_teams_host():
    team = f'[server]\n{OAUTH}{SAFE_TEAM}hostname = "%s"\n'
    other = '[team.2]\ngithub_users = ["dev1"]\n'
    assert keys_refused(team % "odoo.example.com" + other) == ["team.1.hostname"]
    parse(team % "odoo.example.com")
    parse(team % "blue.odoo.example.com" + other)


def test_several_teams_on_one_host_name_are_warned_of_shared_cookies():
    for teams, warned in (("[team.1]\n", False), ("[team.1]\n[team.2]\n", True)):
        assert any("cookies" in warning for warning in parse(teams).warnings) == warned


def test_a_range_that_holds_the_servers_port_is_refused():
    assert keys_refused('[routing]\nport_range = "7000-9000"\n') == ["routing.port_range"]


def test_routing_that_is_not_served_is_refused_with_every_other_problem():
    problems = problems_of(
        '[routing]\nmode = "traefik"\nenvironment_hosts = true\ntls = true\n[server]\nprot = 1\n'
    )
    assert [str(problem) for problem in problems[:3]] == [
        (
            'line 2: routing.mode = "traefik" is not served yet. '
            'Set mode = "port": each environment gets a port of its own.'
        ),
        "line 3: routing.environment_hosts = true is not served yet. Leave it false.",
        "line 4: routing.tls = true is not served yet. Leave it false.",
    ]
    assert problems[3].key == "server.prot"


def test_a_negative_number_of_proxies_is_refused():
    assert keys_refused("[server]\ntrusted_proxies = -1\n") == ["server.trusted_proxies"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"res.partner.email" = "mail"', "mail"),
        ('res.partner.email = "mail"', "mail"),
        ('email = "email"', "email"),
        ('"res.partner.email" = 3', "3"),
    ],
)
def test_a_wrong_rule_of_anonymise_is_refused_with_its_line_and_the_words(line, shown):
    with pytest.raises(BadSettings) as raised:
        parse(f"[team.1]\n[anonymise]\n{line}\n")

    [problem] = raised.value.problems
    assert problem.line in {2, 3}
    assert problem.value.strip('"') == shown
    assert "date, email, hash, name, null, phone, text" in problem.message


def test_anonymise_takes_fields_with_and_without_quotes():
    settings = parse(
        '[team.1]\n[anonymise]\n"res.partner.email?" = "email"\nhr.job.name = "text"\n'
    )

    assert list(map(str, settings.anonymised)) == ["res.partner.email", "hr.job.name"]


@pytest.mark.parametrize("folder", ["/srv/data", "/srv/data/uploads", "/srv"])
def test_a_folder_of_backups_that_holds_the_data_of_teams_is_refused(folder):
    text = f'[server]\ndata_dir = "/srv/data"\n[storage]\nimport_folders = ["{folder}"]\n'

    assert keys_refused(text) == ["storage.import_folders"]


def test_backups_that_every_team_can_import_are_a_warning():
    teams = SAFE_TEAM + SAFE_TEAM.replace("team.1", "team.2").replace("0123", "4567")
    shared, own = (
        parse(f'[storage]\nimport_folders = ["{folder}"]\n{teams}')
        for folder in ("/srv/backups", "/srv/backups/{team}")
    )

    assert any("Every team may import every backup" in each for each in shared.warnings)
    assert not any("Every team may import" in each for each in own.warnings)
    assert [str(each) for each in own.storage.folders_of("2")] == ["/srv/backups/2"]
