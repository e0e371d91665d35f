"""Client ID Metadata Documents: the id of an OAuth client is the https URL of its metadata.

Source: OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document), 3 and 4;
RFC 7591, 2, for the metadata.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import is_host_name
from oduflow.domain.plain_urls import PlainUrl, read_plain
from oduflow.domain.redirects import PRIVATE_USE_SCHEMES, check_redirects

MAX_BYTES = 10 << 10
MAX_NAME_LENGTH = 80
# The document is public, so a secret in it is none; keys would have to be fetched too.
_SECRETS = frozenset({"client_secret", "client_secret_expires_at"})
_DOT_SEGMENTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class ClientDocument:
    """The metadata of a client.

    Attributes:
        client_id: the URL of the document.
        name: shown to people, at most 80 printable characters; may be empty.
        redirect_uris: the allowed redirect URIs, checked.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]


def document_url(client_id: str) -> PlainUrl | None:
    """Parse a client id as the URL of a document; None when it is not one.

    The URL needs a host name, not an address, and a path without dot segments.
    """
    url = read_plain(client_id)
    if url is None or url.scheme != "https" or not is_host_name(url.host):
        return None
    segments = url.path.lower().replace("%2e", ".").split("/")
    return None if url.path in {"", "/"} or _DOT_SEGMENTS & set(segments) else url


def read_document(
    client_id: str, body: bytes, schemes: Collection[str] = PRIVATE_USE_SCHEMES
) -> ClientDocument:
    """Parse the document of a client.

    Args:
        client_id: the URL of the document.
        body: of the response.
        schemes: the allowed private-use schemes of redirect URIs.

    Raises:
        Invalid: it is longer than 10 KiB, not a JSON object, another client's, asks for a secret,
            or has redirect URIs that are not allowed.
    """
    hint = "The client's vendor must correct its metadata document."
    if len(body) > MAX_BYTES:
        raise Invalid("The client's metadata is longer than 10 KiB.", hint)
    try:
        metadata: Any = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise Invalid("The client's metadata is not JSON.", hint) from cause
    if not isinstance(metadata, dict) or metadata.get("client_id") != client_id:
        raise Invalid("The client's metadata is another client's.", hint)
    if _SECRETS & metadata.keys() or metadata.get("token_endpoint_auth_method", "none") != "none":
        raise Invalid("The client's metadata asks for a secret or for keys.", hint)
    redirect_uris = check_redirects(metadata.get("redirect_uris"), schemes)
    return ClientDocument(client_id, _name(metadata.get("client_name")), redirect_uris)


def _name(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(filter(str.isprintable, value))[:MAX_NAME_LENGTH].strip()
