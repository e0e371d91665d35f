"""What is asked before a file is sent."""

from typing import Any

import pytest

from oduflow.cli.remote.imported import find_imported
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.outcome import Envelope

SAME, OTHER = "a" * 64, "b" * 64
VIEW = {"name": "shop", "state": "ready", "odoo_version": "19.0", "odoo_image": "odoo:19.0"}
TEMPLATE = {
    "template": VIEW,
    "imported": {"source": {"name": "shop.zip", "sha256": SAME, "upload": "shop-1"}},
}


class OneTemplate:
    """A server with one template, that counts its calls."""

    def __init__(self, data: dict[str, Any] | None) -> None:
        self.data, self.calls = data, 0

    def tool(self, name: str) -> str:
        return name

    def call(self, _tool: str, _raw: object, _show: object) -> Envelope[Any]:
        self.calls += 1
        if self.data is None:
            raise NotFound("There is no template “shop”.", "")
        said = {"status": "ok", "summary": "Template shop is ready.", "data": self.data}
        return Envelope[Any].model_validate(said)


def asked(server: OneTemplate, digest: str = SAME, **options: Any) -> Envelope[Any] | None:
    any_server: Any = server
    sources = {"source": "/backups/shop.zip"}
    raw = {"name": "shop", **options}
    return find_imported(any_server, raw, sources, {"source": digest}, print)


@pytest.mark.parametrize("options", [{}, {"odoo_version": "19.0"}])
def test_a_file_of_the_same_content_is_not_sent(options):
    answer = asked(OneTemplate(TEMPLATE), **options)

    assert answer is not None
    assert answer.data == VIEW
    assert "imported from shop.zip already" in answer.summary


@pytest.mark.parametrize(
    ("digest", "options", "said"),
    [
        (OTHER, {}, "source is shop.zip (SHA-256 aaaaaaaaaaaa…), not shop.zip (SHA-256 bbbb"),
        (SAME, {"odoo_version": "17.0"}, "odoo_version is 19.0, not 17.0"),
    ],
)
def test_another_file_or_option_is_a_conflict_before_anything_is_sent(digest, options, said):
    with pytest.raises(Conflict) as refused:
        asked(OneTemplate(TEMPLATE), digest, **options)

    assert said in refused.value.message


def test_the_server_decides_about_a_template_without_digests():
    assert asked(OneTemplate({**TEMPLATE, "imported": None})) is None


@pytest.mark.parametrize("digest", [SAME, OTHER])
def test_the_server_decides_while_an_earlier_call_still_imports_the_template(digest):
    unfinished = {**TEMPLATE, "template": {**VIEW, "state": "creating"}}

    assert asked(OneTemplate(unfinished), digest) is None


def test_a_new_version_and_a_new_name_are_sent():
    replaced = OneTemplate(TEMPLATE)

    assert asked(replaced, OTHER, replace=True) is None
    assert replaced.calls == 0
    assert asked(OneTemplate(None)) is None
    assert asked(OneTemplate(TEMPLATE), digest="") is None, "a URL has no digest here"
