"""A client that describes itself: its id is an https URL, and its metadata lies there.

Source: OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document), 3 and 4;
RFC 7591, 2, for what the metadata says.
"""

import json
from dataclasses import dataclass
from typing import Any

from oduflow.domain.errors import Invalid
from oduflow.domain.hosts import is_host_name
from oduflow.domain.plain_urls import PlainUrl, read_plain
from oduflow.domain.redirects import check_redirects

MAX_BYTES = 10 << 10
MAX_NAME_LENGTH = 80
# A secret would be one that everybody can read; keys would have to be fetched and followed.
_SECRETS = frozenset({"client_secret", "client_secret_expires_at"})
_DOT_SEGMENTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class ClientDocument:
    """What a client says of itself.

    Attributes:
        client_id: the URL of the document.
        name: what people are shown, at most 80 printable characters; empty when it says none.
        redirect_uris: where people may be sent back to, checked.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]


def document_url(client_id: str) -> PlainUrl | None:
    """Read a client id as the URL of a document; None when it is none.

    It has a host name and a path without dot segments; addresses and odd spellings lead nowhere.
    """
    url = read_plain(client_id)
    if url is None or url.scheme != "https" or not is_host_name(url.host):
        return None
    segments = url.path.lower().replace("%2e", ".").split("/")
    return None if url.path in {"", "/"} or _DOT_SEGMENTS & set(segments) else url


def read_document(client_id: str, body: bytes) -> ClientDocument:
    """Read the document that was found at a client's id.

    Args:
        client_id: the URL that was asked.
        body: what was answered.

    Raises:
        Invalid: it is longer than 10 KiB, no JSON object, another client's, asks for a secret, or
            has redirect URIs that are not allowed.
    """
    hint = "The client's vendor must correct its metadata document."
    if len(body) > MAX_BYTES:
        raise Invalid("The client's metadata is longer than 10 KiB.", hint)
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise Invalid("The client's metadata is not JSON.", hint) from cause
    if not isinstance(said, dict) or said.get("client_id") != client_id:
        raise Invalid("The client's metadata is another client's.", hint)
    if _SECRETS & said.keys() or said.get("token_endpoint_auth_method", "none") != "none":
        raise Invalid("The client's metadata asks for a secret or for keys.", hint)
    redirect_uris = check_redirects(said.get("redirect_uris"))
    return ClientDocument(client_id, _name(said.get("client_name")), redirect_uris)


def _name(said: object) -> str:
    if not isinstance(said, str):
        return ""
    return "".join(filter(str.isprintable, said))[:MAX_NAME_LENGTH].strip()
