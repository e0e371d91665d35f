"""Answer an import under the name of a template that exists: the same one, or a conflict."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from oduflow.domain.errors import NotFound
from oduflow.domain.imported import (
    ImportedFile,
    ImportedFrom,
    another_import,
    differing_options,
)
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import ImportTemplate, Template, TemplateView
from oduflow.domain.upload import Upload, no_upload, upload_of
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.templates.sources import open_source, shown_name
from oduflow.services.templates.view import template_view
from oduflow.services.uploads.delete import remove_upload


def answer_repeated(
    deps: Deps, call: Call, args: ImportTemplate, row: Template
) -> Outcome[TemplateView]:
    """Return the existing template if it was imported from the same content.

    Uploads of the same content are removed, as those of an import are, also before every byte has
    arrived. A source that is not there any more is compared by its name.

    Raises:
        Conflict: the template is another one; the message says what differs.
        Failure: the source cannot be read.
    """
    there = row.imported
    if there is None:
        made = f"imported from {row.source}, before digests were kept" if row.source else ""
        raise another_import(row.name, (f"it was {made or 'not imported'}",))
    options = {"odoo_version": row.odoo_version, "odoo_image": row.odoo_image}
    differing = differing_options(options, args.model_dump())
    if differing:  # before anything is read
        raise another_import(row.name, differing)
    repeated = _Repeated(deps, call)
    with repeated.opened:
        wanted = ImportedFrom(
            source=repeated.identify(args.source, there.source),
            filestore=repeated.identify(args.filestore, there.filestore)
            if args.filestore
            else None,
        )
        differing = there.differences(wanted)
        if differing:
            raise another_import(row.name, differing)
    for upload in repeated.unread:
        remove_upload(deps.store.uploads, deps.work, upload)
    return Outcome(
        template_view(deps.store, row),
        f"Template {row.name} was imported from {there.source.name} already; replace imports it "
        "again.",
        warnings=tuple(repeated.warnings),
    )


@dataclass(slots=True)
class _Repeated:
    """Identifies the files of a repeated call.

    Attributes:
        opened: what was opened for reading; uploads among it are removed at its end.
        unread: uploads of a named digest, which need not be read.
    """

    deps: Deps
    call: Call
    opened: ExitStack = field(default_factory=ExitStack)
    unread: list[Upload] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def identify(self, source: str, there: ImportedFile | None) -> ImportedFile:
        team, name = self.call.actor.team, upload_of(source)
        upload = self.deps.store.uploads.get(team, name) if name else None
        if name and upload is None:
            if there is None or there.upload != name:
                raise no_upload(name)
            return there  # its import has removed it
        if upload is not None and upload.sha256:
            self.unread.append(upload)
            return ImportedFile(name=upload.file_name or name, sha256=upload.sha256, upload=name)
        try:
            local = self.opened.enter_context(open_source(self.deps, self.call, team, source))
        except NotFound:
            if there is None or there.upload or there.name != shown_name(source):
                raise
            gone = f"{there.name} is not there any more, so its content was not compared."
            self.warnings.append(gone)
            return there
        return local.identified(self.call)
