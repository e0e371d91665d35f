"""What every engine's images do; needs `images`, on which `odoo:19.0` and `postgres:18` are."""

import pytest

from oduflow.adapters.docker.errors import ImageMissing
from oduflow.domain.errors import QuotaReached, UpstreamFailed


class ImagesContract:
    """Images that are here, and one that is nowhere."""

    def test_an_image_is_known_by_its_reference_and_by_its_id(self, images):
        found = images.facts("odoo:19.0")

        assert found.reference == "odoo:19.0"
        assert images.facts(found.id).id == found.id
        assert found.uid != 0

    def test_an_image_that_is_here_is_not_fetched(self, images):
        told: list[str] = []

        assert images.ensure("odoo:19.0", told.append) == images.facts("odoo:19.0")
        assert told == []

    def test_the_images_that_are_here_are_listed_by_name(self, images):
        names = images.names()

        for reference in ("odoo:19.0", "postgres:18"):
            assert sum(reference in each for each in names) == 1

    def test_an_image_that_may_not_be_fetched_is_not(self, images):
        def refuse() -> None:
            raise QuotaReached("Enough.")

        with pytest.raises(QuotaReached):
            images.ensure("no-such-image:1", str, refuse)
        images.ensure("odoo:19.0", str, refuse)

    def test_an_image_that_is_not_here_is_named_so(self, images):
        with pytest.raises(ImageMissing):
            images.facts("no-such-image:1")
        with pytest.raises(ImageMissing):
            images.account("no-such-image:1", "postgres")

    def test_a_user_of_an_image_has_a_number(self, images):
        uid, gid = images.account("postgres:18", "postgres")

        assert isinstance(uid, int)
        assert isinstance(gid, int)
        with pytest.raises(UpstreamFailed):
            images.account("postgres:18", "no-such-user")
