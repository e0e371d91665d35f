import pytest

from oduflow.cli.fresh_settings import describe
from oduflow.settings import parse

TEAM = '[team.1]\nauth_token = "a-token-long-enough"\nui_password = "a-password-long-enough"\n'
WITHOUT_EFFECT = {
    ("routing", "acme_email"): '"ops@example.com"',
    ("lifecycle", "auto_delete_hours"): "1",
    ("lifecycle", "auto_stop_hours"): "1",
    ("storage", "pool"): '"/srv/pool"',
}
NOT_SERVED = {("routing", "mode"), ("routing", "environment_hosts"), ("routing", "tls")}


def without_effect(text: str) -> list[str]:
    return [warning for warning in parse(text).warnings if "no effect" in warning]


def test_the_default_configuration_is_silent() -> None:
    assert without_effect(TEAM) == []


def test_a_key_that_this_version_ignores_or_refuses_is_not_offered() -> None:
    offered = {(row.section.replace("<id>", "1"), row.key) for row in describe()}

    assert ("server", "port") in offered
    assert not offered & (WITHOUT_EFFECT.keys() | NOT_SERVED)


@pytest.mark.parametrize(("section", "key"), WITHOUT_EFFECT)
def test_setting_a_key_without_effect_is_a_warning(section, key) -> None:
    (line,) = without_effect(f"{TEAM}[{section}]\n{key} = {WITHOUT_EFFECT[section, key]}\n")
    assert line.startswith(f"[{section}] ")
    assert "no effect yet" in line
