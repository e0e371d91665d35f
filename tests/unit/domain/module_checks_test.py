"""Which modules cannot be installed."""

from types import SimpleNamespace
from typing import Any

import pytest

from oduflow.domain.errors import NotFound
from oduflow.domain.module_checks import Available, refuse_uninstallable

HERE = ("acme", "sale_management")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["acm"], "Did you mean acme?"),
        (
            ["sale_managment", "acm", "nowhere", "acm"],
            "Did you mean sale_management? Also unknown: acm (did you mean acme?), nowhere.",
        ),
        (
            ["web_enterprise", "acm"],
            "nor in odoo:19.0. Also unknown: acm (did you mean acme?).",
        ),
    ],
)
def test_all_unknown_modules_are_named_at_once(wanted, said):
    with pytest.raises(NotFound) as refused:
        refuse_uninstallable(available(), wanted, installed=())

    assert refused.value.message.startswith(f"There is no module {wanted[0]}, neither")
    assert refused.value.message.endswith(said)


def available() -> Available:
    known: Any = SimpleNamespace(is_known=True)
    modules: Any = {name: SimpleNamespace(name=name, source="repository") for name in HERE}
    nothing: Any = None
    return Available("odoo:19.0", known, modules, {}, nothing)
