"""An import under the name of a template that exists."""

import io

import pytest

from oduflow.domain.errors import Kind
from oduflow.files.digests import content_digest
from oduflow.services.uploads.receive import UploadReceiver
from tests.support.backup_files import HASH, MODULES, sql, write_backup


def test_calling_again_answers_the_template_that_is_there(bare, backup):
    made = bare.ok("import_template", name="prod", source=str(backup))

    assert bare.ok("import_template", name="prod", source=str(backup)) == made
    named = {"odoo_version": "19.0", "odoo_image": "odoo:19.0"}
    for option, value in named.items():
        again = bare.ok("import_template", name="prod", source=str(backup), **{option: value})
        assert again == made


def test_the_same_content_under_another_name_is_the_same_import(bare, backup, imports):
    made = bare.ok("import_template", name="prod", source=str(backup))
    (imports / "other.zip").write_bytes(backup.read_bytes())

    assert bare.ok("import_template", name="prod", source=str(imports / "other.zip")) == made


def test_other_content_under_the_same_name_is_a_conflict_that_says_so(bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))
    write_backup(backup, b"another picture")

    other = bare.refused("import_template", name="prod", source=str(backup))

    assert other.kind is Kind.CONFLICT
    assert other.message.startswith(
        "Template “prod” exists already and differs: source is prod.zip (SHA-256 "
    )
    assert content_digest(backup, lambda _done: None)[:12] in other.message
    assert "replace" in other.hint


def test_another_option_is_a_conflict_that_says_so(bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))

    other = bare.refused(
        "import_template", name="prod", source=str(backup), odoo_image="odoo:19.0-20260101"
    )

    assert "odoo_image is odoo:19.0, not odoo:19.0-20260101" in other.message


def test_another_filestore_is_a_conflict_that_says_so(bare, imports):
    (imports / "prod.sql").write_text(sql(MODULES))
    attachment = imports / "files" / HASH[:2] / HASH
    attachment.parent.mkdir(parents=True)
    attachment.write_bytes(b"a picture")
    call = {"name": "prod", "source": str(imports / "prod.sql")}
    made = bare.ok("import_template", **call, filestore=str(imports / "files"))
    assert bare.ok("import_template", **call, filestore=str(imports / "files")) == made

    without = bare.refused("import_template", **call)
    attachment.with_name("aa" * 20).write_bytes(b"more")
    more = bare.refused("import_template", **call, filestore=str(imports / "files"))

    assert "filestore is files (SHA-256" in without.message
    assert "not none" in without.message
    assert "filestore is files (SHA-256" in more.message


def test_a_source_that_is_gone_is_compared_by_its_name(bare, backup, imports):
    bare.ok("import_template", name="prod", source=str(backup))
    backup.unlink()

    again = bare.call("import_template", name="prod", source=str(backup))
    other = bare.refused("import_template", name="prod", source=str(imports / "other.zip"))

    assert again.warnings == ("prod.zip is not there any more, so its content was not compared.",)
    assert other.kind is Kind.NOT_FOUND


def test_a_template_that_was_not_imported_is_a_conflict(bare, backup):
    bare.ok("create_template", name="base-19")

    error = bare.refused("import_template", name="base-19", source=str(backup))

    assert (error.kind, "it was not imported" in error.message) == (Kind.CONFLICT, True)


@pytest.mark.parametrize("named", [True, False])
def test_an_upload_of_the_same_content_is_answered_and_removed(bare, backup, named):
    first = uploaded(bare, backup, named=named)
    made = bare.ok("import_template", name="prod", source=first)
    assert made.source == "prod.zip"
    assert bare.ok("import_template", name="prod", source=first) == made

    second = uploaded(bare, backup, named=named)
    assert bare.ok("import_template", name="prod", source=second) == made

    assert bare.ok("list_uploads").uploads == ()


def test_an_upload_of_the_same_content_need_not_be_sent(bare, backup):
    made = bare.ok("import_template", name="prod", source=str(backup))
    begun = bare.ok("create_upload", **described(backup))

    assert bare.ok("import_template", name="prod", source=begun.source) == made
    assert bare.ok("list_uploads").uploads == ()


def test_an_upload_of_other_content_is_a_conflict_and_stays(bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))
    source = uploaded(bare, write_backup(backup, b"another picture"), named=True)

    error = bare.refused("import_template", name="prod", source=source)

    assert error.kind is Kind.CONFLICT
    assert [each.source for each in bare.ok("list_uploads").uploads] == [source]


def described(path, *, named=True):
    digest = {"sha256": content_digest(path, lambda _done: None)} if named else {}
    return {"size": path.stat().st_size, "file_name": path.name, **digest}


def uploaded(process, path, *, named):
    """Send a file; return it as a source."""
    begun = process.ok("create_upload", **described(path, named=named))
    deps = process.deps
    files, locks = deps.work.uploads, deps.work.locks
    receiver = UploadReceiver(
        deps.store.uploads, files, locks, deps.infrastructure.disk, lambda _team: None
    )
    content = path.read_bytes()
    receiver.append("1", begun.name, 0, io.BytesIO(content), len(content))
    return begun.source
