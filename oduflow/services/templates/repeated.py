"""Answer an import under the name of a template that exists: the same one, or a conflict."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from oduflow.domain.errors import NotFound, QuotaReached, UpstreamFailed
from oduflow.domain.imported import (
    ImportedFile,
    ImportedFrom,
    another_import,
    refuse_other_import,
    refuse_other_options,
)
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import ImportTemplate, Template, TemplateView
from oduflow.domain.upload import Upload, no_upload, upload_of
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.retry import retry_of
from oduflow.services.templates.sources import is_url, open_source, place_of, shown_name
from oduflow.services.templates.view import template_view
from oduflow.services.uploads.delete import remove_upload


def answer_repeated(
    deps: Deps, call: Call, args: ImportTemplate, row: Template
) -> Outcome[TemplateView]:
    """Return the existing template if it was imported from the same content.

    Complete uploads of the same content are removed, as those of an import are. A source that is
    not there any more is compared by its path or URL, and one of a template whose digests were not
    kept by its name.

    Raises:
        Conflict: the template is another one; the message says what differs.
        Failure: the source cannot be read.
    """
    options = {"odoo_version": row.odoo_version, "odoo_image": row.odoo_image}
    wanted = args.model_dump()
    retry = retry_of("import_template", args)
    again = {**retry.arguments, "replace": True}
    newer = Next.of(retry.operation, "imports it as the next version", **again)
    repeated = _Repeated(deps, call)
    if row.imported is None:
        repeated.compare_names(args, row, newer)
        refuse_other_options(row.name, options, wanted, newer)
    else:
        there = row.imported
        with repeated.opened:
            refuse_other_import(
                row.name,
                (options, there),
                (wanted, lambda: repeated.identify_all(args, there)),
                newer,
            )
        for upload in repeated.verified:
            remove_upload(deps.store.uploads, deps.work, upload)
    return Outcome(
        template_view(deps.store, row),
        f"Template {row.name} was imported from {row.source} already; replace imports it again.",
        warnings=tuple(repeated.warnings),
    )


@dataclass(slots=True)
class _Repeated:
    """Identifies the files of a repeated call.

    Attributes:
        opened: what was opened for reading; uploads among it are removed at its end.
        verified: uploads of a proven digest, which need not be read.
    """

    deps: Deps
    call: Call
    opened: ExitStack = field(default_factory=ExitStack)
    verified: list[Upload] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def compare_names(self, args: ImportTemplate, row: Template, newer: Next) -> None:
        """Compare the source with a template whose digests were not kept, and warn of it.

        Raises:
            Conflict: the template was not imported, or from another source.
        """
        name = shown_name(args.source)
        if upload := self._upload(args.source):
            name = upload.file_name or upload.name
        if row.commit or row.source != name:
            made = f"{'saved' if row.commit else 'imported'} from {row.source}"
            if not row.commit:
                made += ", before digests were kept"
            made = made if row.source else "not imported"
            raise another_import(row.name, (f"it was {made}",), newer)
        self.warnings.append(
            f"{name} was compared by its name only: when it was imported, no digests were kept."
        )

    def identify_all(self, args: ImportTemplate, there: ImportedFrom) -> ImportedFrom:
        """Return by what the files of the call are known."""
        return ImportedFrom(
            source=self._identify(args.source, there.source),
            filestore=self._identify(args.filestore, there.filestore) if args.filestore else None,
        )

    def _identify(self, source: str, there: ImportedFile | None) -> ImportedFile:
        name, upload = upload_of(source), self._upload(source)
        if name and upload is None:
            if there is None or there.upload != name:
                raise no_upload(name)
            return there  # its import has removed it
        if upload is not None and upload.sha256 and (upload.verified or not upload.complete):
            if upload.complete:
                self.verified.append(upload)
            else:
                self.warnings.append(
                    f"Upload {name} is not complete: it was compared by the digest that was named "
                    "for it, and stays."
                )
            return ImportedFile(name=upload.file_name or name, sha256=upload.sha256, upload=name)
        try:
            local = self.opened.enter_context(
                open_source(self._deps_without_relief(), self.call, self.call.actor.team, source)
            )
        except (NotFound, QuotaReached, UpstreamFailed) as failure:
            is_gone = is_url(source) or isinstance(failure, NotFound)
            if not is_gone or there is None or there.place != place_of(source):
                raise
            self.warnings.append(f"The content of {there.name} was not compared: {failure.message}")
            return there
        return local.identified(self.call)

    def _upload(self, source: str) -> Upload | None:
        name = upload_of(source)
        return self.deps.store.uploads.get(self.call.actor.team, name) if name else None

    def _deps_without_relief(self) -> Deps:
        """Return what opens a file, and gives up no warm slot for a mere comparison."""
        return replace(self.deps, give_up_slots=lambda _deps, _team, _full: False)
