from typing import Any

import pytest

from oduflow.domain.errors import Invalid, UpstreamFailed
from oduflow.domain.odoo_version import OdooVersion
from oduflow.services.images import choose_image, version_views
from tests.support.memory.images import MemoryImages, image


def test_each_version_says_where_its_image_comes_from_newest_first():
    views = listed(MemoryImages([image("odoo:17.0")]), "odoo:{version}")

    assert [(each.version, each.image, each.source) for each in views] == [
        ("19.0", "odoo:19.0", "pull or build"),
        ("18.0", "odoo:18.0", "pull"),
        ("17.0", "odoo:17.0", "local"),
        ("16.0", "odoo:16.0", "pull"),
        ("15.0", "odoo:15.0", "pull"),
        ("14.0", "odoo:14.0", "pull or build"),
    ]


def test_an_image_of_another_repository_is_pulled_only():
    views = listed(MemoryImages([]), "registry.example:5000/odoo:{version}")

    assert {each.source for each in views} == {"pull"}


def test_without_an_engine_the_versions_are_listed_all_the_same():
    views = listed(UnreachableImages([image("odoo:19.0")]), "odoo:{version}")

    assert [each.source for each in views][:2] == ["pull or build", "pull"]


def test_a_configuration_of_one_image_offers_no_versions():
    assert listed(MemoryImages([]), "acme/odoo:19.0") == ()

    with pytest.raises(Invalid, match=r"is acme/odoo:19\.0, for every version"):
        choose_image("acme/odoo:19.0", None, OdooVersion.ODOO_17)


class UnreachableImages(MemoryImages):
    def local(self, references):
        raise UpstreamFailed("The engine does not answer.")


def listed(images: Any, pattern: str):
    return version_views(images, pattern)
