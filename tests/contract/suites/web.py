"""What every implementation of the ports of the faces does (`oduflow/blueprints/ports.py`)."""

import io
import re

import pytest

from oduflow.domain.client_documents import ClientDocument
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.rate_limits import Claim

WRONG = Claim.of("192.0.2.7", {"1"}, "digest of a password")


class UploadSinkContract:
    """Parts of uploads; needs `uploads` with team 1's `shop-zip-abcd` of which nothing arrived."""

    def test_each_part_goes_on_where_the_last_one_ended(self, uploads):
        first = uploads.append("1", "shop-zip-abcd", 0, io.BytesIO(b"abc"), 3)
        second = uploads.append("1", "shop-zip-abcd", 3, io.BytesIO(b"de"), 2)

        assert (first.received, second.received) == (3, 5)
        assert uploads.find("1", "shop-zip-abcd") == second

    def test_a_part_that_begins_elsewhere_is_refused_with_the_right_offset(self, uploads):
        uploads.append("1", "shop-zip-abcd", 0, io.BytesIO(b"abc"), 3)

        with pytest.raises(Conflict, match="begins at 3, not at 0"):
            uploads.append("1", "shop-zip-abcd", 0, io.BytesIO(b"abc"), 3)
        assert uploads.find("1", "shop-zip-abcd").received == 3

    def test_a_part_that_breaks_off_counts_as_far_as_it_came(self, uploads):
        row = uploads.append("1", "shop-zip-abcd", 0, io.BytesIO(b"ab"), 3)

        assert row.received == 2

    @pytest.mark.parametrize(("team", "name"), [("1", "other"), ("2", "shop-zip-abcd")])
    def test_a_missing_upload_is_named_and_so_is_another_teams(self, uploads, team, name):
        for call in (
            lambda: uploads.find(team, name),
            lambda: uploads.append(team, name, 0, io.BytesIO(b"a"), 1),
        ):
            with pytest.raises(NotFound, match=name):
                call()


class RateLimitsContract:
    """Counters of wrong credentials; needs `limits`, which have counted nothing yet."""

    def test_a_first_credential_is_compared(self, limits):
        assert limits.look(WRONG).wait_ms == 0

        assert limits.reserve(WRONG).wait_ms == 0

    @pytest.mark.parametrize("kept", [True, False])
    def test_a_credential_that_was_right_is_no_failure(self, limits, kept):
        for _ in range(10):
            reservation = limits.reserve(WRONG)
            assert reservation.wait_ms == 0
            if kept:
                limits.succeed(reservation, WRONG.source, "1")
            else:
                limits.give_back(reservation)

    def test_a_digest_is_the_same_each_time_and_never_the_credential(self, limits):
        for text in ("secret", "", "ä\ud800"):
            assert limits.digest(text) == limits.digest(text)
            assert re.fullmatch("[0-9a-f]{64}", limits.digest(text))
        assert limits.digest("secret") != limits.digest("Secret")


class ProbeContract:
    """Health; needs `probe` of a server with one running environment, where all is well."""

    def test_every_part_has_a_name_and_a_sentence(self, probe):
        findings = probe.findings()

        assert "docker" in {each.part for each in findings}
        assert all(each.part and each.message.endswith(".") for each in findings)

    def test_environments_are_counted_by_their_state(self, probe):
        assert dict(probe.environments()) == {"running": 1}


class ClientDocumentsContract:
    """Documents of clients; needs `documents`, and the ids `client` and `missing`."""

    def test_a_client_is_described_by_its_document(self, documents, client):
        found = documents.find(client)

        assert isinstance(found, ClientDocument)
        assert found.client_id == client

    def test_a_missing_document_is_none_and_the_cause_is_a_sentence(self, documents, missing):
        assert documents.find(missing) is None

        assert documents.cause(missing).endswith(".")
