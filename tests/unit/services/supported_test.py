import pytest

from oduflow.domain.errors import Invalid
from oduflow.services.supported import refuse_unsupported, without_effect
from oduflow.settings import Settings, parse

TEAM = '\n[team.1]\nauth_token = "a-token-long-enough"\nui_password = "a-password-long-enough"\n'


def settings(text: str) -> Settings:
    return parse(text + TEAM)


@pytest.mark.parametrize(
    "text",
    [
        '[routing]\nmode = "traefik"\nexternal_host = "odoo.example.com"',
        '[routing]\nexternal_host = "odoo.example.com"\nenvironment_hosts = true',
    ],
)
def test_routing_that_is_not_served_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        refuse_unsupported(settings(text))


def test_the_default_configuration_is_served_and_silent() -> None:
    refuse_unsupported(settings(""))
    assert without_effect(settings("")) == ()


def test_a_quota_of_disk_has_no_effect_yet_and_is_told() -> None:
    (line,) = without_effect(parse(f"{TEAM}disk_gb = 5\n"))
    assert line.startswith("[team.1] disk_gb has no effect yet")


@pytest.mark.parametrize("text", ["[lifecycle]\nauto_stop_hours = 1", '[storage]\nclone = "copy"'])
def test_what_has_no_effect_yet_is_told(text: str) -> None:
    (line,) = without_effect(settings(text))
    assert "no effect yet" in line
