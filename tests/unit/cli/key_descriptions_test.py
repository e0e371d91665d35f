from oduflow.cli.fresh_settings import KeyHelp, describe


def rows() -> dict[tuple[str, str], KeyHelp]:
    return {(row.section, row.key): row for row in describe()}


def test_each_key_is_in_the_table_once():
    assert len(rows()) == len(describe())
    assert {"server", "routing", "storage", "firewall", "images", "team.<id>"} == {
        row.section for row in describe()
    }


def test_a_row_says_what_the_value_is_and_what_it_does():
    assert rows()["server", "port"] == KeyHelp(
        section="server",
        key="port",
        type="a whole number from 1 to 65535",
        default="8000",
        help="The port to listen on.",
        secret=False,
    )


def test_every_row_is_filled():
    for row in describe():
        assert row.type
        assert row.default
        assert row.help.endswith(".")


def test_a_default_that_depends_on_another_key_is_in_words():
    assert rows()["firewall", "ports"].default == "the server's own port"


def test_lists_are_said_to_be_lists():
    assert rows()["team.<id>", "github_users"].type == "a list, each a GitHub login, without @"


def test_the_secrets_are_marked():
    assert {key for (_, key), row in rows().items() if row.secret} == {
        "oauth_client_secret",
        "auth_token",
        "ui_password",
    }
