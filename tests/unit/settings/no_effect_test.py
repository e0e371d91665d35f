import pytest

from oduflow.cli.fresh_settings import describe
from oduflow.settings import parse

TEAM = '[team.1]\nauth_token = "a-token-long-enough"\nui_password = "a-password-long-enough"\n'
SETTING = {
    "acme_email": '"ops@example.com"',
    "auto_delete_hours": "1",
    "auto_stop_hours": "1",
    "clone": '"copy"',
    "disk_gb": "5",
    "pool": '"/srv/pool"',
}
WITHOUT_EFFECT = [key for key in describe() if key.help.startswith("No effect yet")]


def without_effect(text: str) -> list[str]:
    return [warning for warning in parse(text).warnings if "no effect" in warning]


def test_the_default_configuration_is_silent() -> None:
    assert without_effect(TEAM) == []


def test_the_help_of_a_key_without_effect_says_so() -> None:
    assert sorted(key.key for key in WITHOUT_EFFECT) == sorted(SETTING)


@pytest.mark.parametrize("key", WITHOUT_EFFECT, ids=lambda key: key.key)
def test_setting_a_key_without_effect_is_a_warning(key) -> None:
    section = key.section.replace("<id>", "1")
    table = "" if section == "team.1" else f"[{section}]\n"
    (line,) = without_effect(f"{TEAM}{table}{key.key} = {SETTING[key.key]}\n")
    assert line.startswith(f"[{section}] ")
    assert "no effect yet" in line


@pytest.mark.parametrize("key", ["mode", "environment_hosts", "tls"])
def test_the_help_of_a_refused_key_says_so(key) -> None:
    (about,) = (row.help for row in describe() if (row.section, row.key) == ("routing", key))
    assert "not served yet" in about.lower()
