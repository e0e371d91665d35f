"""Changes of templates on the ledger of the dashboard's tests."""

from typing import Any

from oduflow.domain.errors import NotFound
from oduflow.domain.imported import ImportedFile, ImportedFrom
from oduflow.domain.neutralised import Neutralised, RuleApplied
from oduflow.domain.outcome import Nothing, Outcome
from oduflow.domain.template import (
    ImportTemplate,
    RenameTemplate,
    SaveAsTemplate,
    TemplateDetail,
    TemplateName,
    TemplateView,
    UpdateTemplate,
)
from oduflow.domain.upload import CreateUpload, UploadList, UploadName, UploadView, no_upload
from oduflow.kernel.call import Call
from tests.support import store_rows

NEUTRALISED = Neutralised(
    at="2026-01-01T00:00:00Z",
    seconds=1.25,
    odoo=("mail",),
    rules=(RuleApplied(rule="mail servers", rows=2), RuleApplied(rule="API keys", rows=0)),
    proven=("mail servers", "API keys"),
    scripts=("team.sql",),
    warnings=("A trigger of its own.",),
)


def rename_template(ledger: Any, call: Call, args: RenameTemplate) -> Outcome[TemplateView]:
    view = _found(ledger, args.name).model_copy(update={"name": args.new_name})
    del ledger.templates[args.name]
    ledger.templates[view.name] = view
    return Outcome(view, f"Template {args.name} is {view.name} now.")


def get_template(ledger: Any, call: Call, args: TemplateName) -> Outcome[TemplateDetail]:
    view = _found(ledger, args.name)
    proof = NEUTRALISED if view.source else None
    backup = ImportedFile(name=view.source, sha256="a" * 64)
    imported = ImportedFrom(source=backup) if view.source and not view.commit else None
    shown = TemplateDetail(template=view, neutralised=proof, imported=imported)
    return Outcome(shown, f"Template {args.name} is {view.state}.")


def update_template(ledger: Any, call: Call, args: UpdateTemplate) -> Outcome[TemplateView]:
    given = args.model_dump(exclude={"name", "description"}, exclude_none=True)
    view = _found(ledger, args.name)
    changes: dict[str, Any] = {"defaults": view.defaults.model_copy(update=given)}
    if args.description is not None:
        changes["description"] = args.description
    ledger.templates[args.name] = view.model_copy(update=changes)
    return Outcome(ledger.templates[args.name], f"Template {args.name} is updated.")


def save_as_template(ledger: Any, call: Call, args: SaveAsTemplate) -> Outcome[TemplateView]:
    commit = ledger.find(args.name).commit
    for _step in ledger.walk(call, (("moment", "copying the environment"),)):
        pass
    source = f"environment {args.name}"
    ledger.add_template(args.template, hours=0, source=source, commit=commit, odoo_version="19.0")
    return Outcome(_found(ledger, args.template), f"Template {args.template} is ready.")


def import_template(ledger: Any, call: Call, args: ImportTemplate) -> Outcome[TemplateView]:
    for _step in ledger.walk(call, (("read", "reading the backup"),)):
        pass
    ledger.add_template(args.name, hours=0, source=args.source)
    return Outcome(_found(ledger, args.name), f"Template {args.name} is ready.")


def _found(ledger: Any, name: str) -> TemplateView:
    if name not in ledger.templates:
        raise NotFound(f"There is no template “{name}”.", "")
    view: TemplateView = ledger.templates[name]
    return view


def create_upload(ledger: Any, call: Call, args: CreateUpload) -> Outcome[UploadView]:
    row = store_rows.upload(name="shop-zip-abcd", size=args.size, file_name=args.file_name or "")
    ledger.work.uploads.rows[row.name] = row
    return Outcome(UploadView.of(row), f"Upload {row.name} is started.")


def list_uploads(ledger: Any, call: Call, args: Nothing) -> Outcome[UploadList]:
    rows = ledger.work.uploads.rows.values()
    return Outcome(UploadList(uploads=tuple(map(UploadView.of, rows))), "There are some.")


def delete_upload(ledger: Any, call: Call, args: UploadName) -> Outcome[Nothing]:
    if args.name not in ledger.work.uploads.rows:
        raise no_upload(args.name)
    del ledger.work.uploads.rows[args.name]
    return Outcome(Nothing(), f"Upload {args.name} is deleted.")


_ALL = (
    create_upload,
    delete_upload,
    get_template,
    list_uploads,
    rename_template,
    save_as_template,
    import_template,
    update_template,
)
TEMPLATE_HANDLERS = {each.__name__: each for each in _ALL}
