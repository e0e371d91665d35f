import math
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from oduflow.settings.sections import TEAM_ID
from oduflow.settings.values import (
    AnyText,
    AuthToken,
    Cpus,
    Email,
    Folder,
    GitHubLogin,
    ImageName,
    InstanceName,
    Password,
    Port,
    TemplateName,
)
from tests.support.settings_values import hint_of, read


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (bool, True, True),
        (Cpus, 2, 2.0),
        (Cpus, 0.5, 0.5),
        (Folder, "data/x", Path("data/x")),
        (ImageName, "odoo:{version}", "odoo:{version}"),
        (ImageName, "registry.lan:5000/a/b_c:1.0", "registry.lan:5000/a/b_c:1.0"),
        (ImageName, f"odoo@sha256:{'a' * 64}", f"odoo@sha256:{'a' * 64}"),
        (AuthToken, "", ""),
        (AuthToken, "12345678", "12345678"),
        (Password, "pass wörd", "pass wörd"),
        (Email, "ops@example.com", "ops@example.com"),
        (InstanceName, "test-12-ab", "test-12-ab"),
        (InstanceName, "a" * 31, "a" * 31),
        (TemplateName, "", ""),
        (Port, 1, 1),
        (Port, 65535, 65535),
    ],
)
def test_right_values_are_read(type_: Any, value: Any, expected: Any):
    assert read(type_, value) == expected
    assert type(read(type_, value)) is type(expected) or isinstance(expected, Path)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (bool, 1),
        (bool, "true"),
        (Cpus, True),
        (Cpus, 0),
        (Cpus, math.nan),
        (Cpus, math.inf),
        (Folder, ""),
        (Folder, "/"),
        (Folder, "~/data"),
        (Folder, "/data\0"),
        (ImageName, ""),
        (ImageName, "odoo:{major}"),
        (ImageName, "Odoo"),
        (ImageName, "--privileged"),
        (AuthToken, "1234567"),
        (AuthToken, "two words"),
        (AuthToken, "geheimnüs-lang"),
        (Password, "        "),
        (Password, "12345678\n"),
        (Password, 12345678),
        (Email, "ops"),
        (GitHubLogin, "@octocat"),
        (GitHubLogin, ""),
        (InstanceName, "a" * 32),
        (InstanceName, "1st"),
        (InstanceName, "a-"),
        (TemplateName, "-x"),
        (AnyText, "a\x1b[31m"),
        (AnyText, "x" * 1001),
        (Port, 0),
        (Port, 65536),
        (Port, True),
        (Port, 80.0),
        (Port, "80"),
        (Literal["port", "traefik"], "Port"),
        (Literal["port", "traefik"], ["port"]),
    ],
)
def test_wrong_values_are_refused(type_: Any, value: Any):
    with pytest.raises(ValidationError):
        read(type_, value)


def test_a_teams_id_is_a_short_name():
    assert TEAM_ID.fullmatch("a" * 16)
    assert [wrong for wrong in ("a" * 17, "Blue", "") if TEAM_ID.fullmatch(wrong)] == []


def test_a_text_without_quotes_gets_the_hint_to_add_them():
    with pytest.raises(ValidationError) as caught:
        read(AnyText, 8000)
    assert hint_of(caught.value) == "Write it in quotes."
