import math
from pathlib import Path
from typing import Any

import pytest

from oduflow.settings import kinds
from oduflow.settings.kinds import Kind, Refused

PORTLIKE = kinds.integer(1, 65535)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (kinds.BOOLEAN, True, True),
        (kinds.CPUS, 2, 2.0),
        (kinds.CPUS, 0.5, 0.5),
        (kinds.FOLDER, "data/x", Path("data/x")),
        (kinds.IMAGE, "odoo:{version}", "odoo:{version}"),
        (kinds.IMAGE, "registry.lan:5000/a/b_c:1.0", "registry.lan:5000/a/b_c:1.0"),
        (kinds.IMAGE, f"odoo@sha256:{'a' * 64}", f"odoo@sha256:{'a' * 64}"),
        (kinds.AUTH_TOKEN, "", ""),
        (kinds.AUTH_TOKEN, "12345678", "12345678"),
        (kinds.UI_PASSWORD, "pass wörd", "pass wörd"),
        (kinds.EMAIL, "ops@example.com", "ops@example.com"),
        (kinds.INSTANCE, "test-12-ab", "test-12-ab"),
        (kinds.INSTANCE, "a" * 31, "a" * 31),
        (kinds.TEAM_ID, "a" * 16, "a" * 16),
        (kinds.TEMPLATE, "", ""),
        (PORTLIKE, 1, 1),
        (PORTLIKE, 65535, 65535),
    ],
)
def test_right_values_are_read(kind: Kind, value: Any, read: Any):
    assert kind.read(value) == read
    assert type(kind.read(value)) is type(read) or isinstance(read, Path)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.BOOLEAN, 1),
        (kinds.BOOLEAN, "true"),
        (kinds.CPUS, True),
        (kinds.CPUS, 0),
        (kinds.CPUS, math.nan),
        (kinds.CPUS, math.inf),
        (kinds.FOLDER, ""),
        (kinds.FOLDER, "/"),
        (kinds.FOLDER, "~/data"),
        (kinds.FOLDER, "/data\0"),
        (kinds.IMAGE, ""),
        (kinds.IMAGE, "odoo:{major}"),
        (kinds.IMAGE, "Odoo"),
        (kinds.IMAGE, "--privileged"),
        (kinds.AUTH_TOKEN, "1234567"),
        (kinds.AUTH_TOKEN, "two words"),
        (kinds.AUTH_TOKEN, "geheimnüs-lang"),
        (kinds.UI_PASSWORD, "        "),
        (kinds.UI_PASSWORD, "12345678\n"),
        (kinds.UI_PASSWORD, 12345678),
        (kinds.EMAIL, "ops"),
        (kinds.GITHUB_USER, "@octocat"),
        (kinds.GITHUB_USER, ""),
        (kinds.INSTANCE, "a" * 32),
        (kinds.INSTANCE, "1st"),
        (kinds.INSTANCE, "a-"),
        (kinds.TEAM_ID, "a" * 17),
        (kinds.TEAM_ID, "Blue"),
        (kinds.TEAM_ID, ""),
        (kinds.TEMPLATE, "-x"),
        (kinds.TEXT, "a\x1b[31m"),
        (kinds.TEXT, "x" * 1001),
        (PORTLIKE, 0),
        (PORTLIKE, 65536),
        (PORTLIKE, True),
        (PORTLIKE, 80.0),
        (PORTLIKE, "80"),
        (kinds.choice("port", "traefik"), "Port"),
        (kinds.choice("port", "traefik"), ["port"]),
    ],
)
def test_wrong_values_are_refused(kind: Kind, value: Any):
    with pytest.raises(Refused):
        kind.read(value)


def test_a_number_in_quotes_gets_the_hint_to_take_them_away():
    with pytest.raises(Refused) as caught:
        PORTLIKE.read("8000")
    assert caught.value.hint == "Write it without quotes."


def test_a_text_without_quotes_gets_the_hint_to_add_them():
    with pytest.raises(Refused) as caught:
        kinds.TEXT.read(8000)
    assert caught.value.hint == "Write it in quotes."
