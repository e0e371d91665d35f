"""Ask a server whether a template was imported from the same files, before they are sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oduflow.cli.remote.server import RemoteServer
from oduflow.cli.render import ShowProgress
from oduflow.domain.errors import Forbidden, NotFound
from oduflow.domain.imported import ImportedFile, ImportedFrom, refuse_other_import
from oduflow.domain.outcome import Envelope
from oduflow.domain.template import TemplateState

_TOOL = "get_template"


def find_imported(
    server: RemoteServer,
    raw: Mapping[str, Any],
    sources: Mapping[str, str],
    digests: Mapping[str, str],
    show: ShowProgress,
) -> Envelope[Any] | None:
    """Return the answer about the template, if it was imported from these files.

    None if there is no such template, if a new version is asked for, or if the server must decide:
    it is older, one of the files is a URL, no digest of the template's files is known, or the
    template is not ready, such as while an earlier call still imports it.

    Args:
        server: the server.
        raw: the arguments of import_template, without the files.
        sources: the files, by argument: source, and filestore if there is one.
        digests: their SHA-256, by argument.
        show: shows the progress.

    Raises:
        Conflict: the template is another one.
    """
    if raw.get("replace") or not all(digests.values()):
        return None
    try:
        answer = server.call(server.tool(_TOOL), {"name": raw["name"]}, show)
    except (Forbidden, NotFound):
        return None
    if answer.error is not None or not isinstance(answer.data, dict):
        return None
    template = answer.data.get("template", {})
    there = _imported(answer.data)
    if there is None or template.get("state") != TemplateState.READY:
        return None
    files = {
        field: ImportedFile(name=Path(sources[field]).name, sha256=digest)
        for field, digest in digests.items()
    }
    wanted = ImportedFrom(source=files["source"], filestore=files.get("filestore"))
    refuse_other_import(raw["name"], (template, there), (raw, lambda: wanted))
    summary = (
        f"Template {raw['name']} was imported from {there.source.name} already; "
        "replace=true imports it again. Nothing was sent."
    )
    return answer.model_copy(update={"summary": summary, "data": template})


def _imported(data: Mapping[str, Any]) -> ImportedFrom | None:
    try:
        return ImportedFrom.model_validate(data.get("imported"))
    except ValidationError:  # None, or of a newer server
        return None
