"""An import under the name of a template that exists."""

import io
from contextlib import contextmanager

import pytest

from oduflow.domain.errors import Kind, QuotaReached, UpstreamFailed
from oduflow.files.digests import content_digest
from oduflow.services.templates import sources
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


def test_the_conflict_offers_a_new_version_and_not_the_same_call_again(bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))
    write_backup(backup, b"another picture")

    other = bare.refused("import_template", name="prod", source=str(backup))

    offered = [step.arguments for step in other.next if step.operation == "import_template"]
    assert offered == [{"name": "prod", "source": str(backup), "replace": True}]


def test_a_source_that_is_gone_is_compared_by_its_path(bare, backup, imports):
    bare.ok("import_template", name="prod", source=str(backup))
    backup.unlink()

    again = bare.call("import_template", name="prod", source=str(backup))
    elsewhere = bare.refused("import_template", name="prod", source=str(imports / "b" / "prod.zip"))

    assert again.error is None
    [warning] = again.warnings
    assert warning.startswith("The content of prod.zip was not compared: There is no file")
    assert elsewhere.kind is Kind.NOT_FOUND


@pytest.mark.parametrize(
    "failure", [UpstreamFailed("It has expired."), QuotaReached("It is full.")]
)
def test_a_url_that_cannot_be_fetched_again_is_compared_without_its_query(
    bare, backup, monkeypatch, failure
):
    content = backup
    broken: list[bool] = []

    @contextmanager
    def fetched(deps, _call, team, _url):
        if broken:
            assert deps.give_up_slots is not bare.deps.give_up_slots
            assert not deps.give_up_slots(deps, team, QuotaReached("It is full."))
            raise failure
        yield content

    monkeypatch.setattr(sources, "downloaded", fetched)
    url = "https://files.example.com/prod.zip"
    made = bare.ok("import_template", name="prod", source=f"{url}?signature=1")
    broken.append(True)

    again = bare.call("import_template", name="prod", source=f"{url}?signature=2#part")
    other = bare.refused("import_template", name="prod", source=f"{url[:-8]}new/prod.zip")

    assert again.data == made
    assert failure.message in again.warnings[0]
    assert other.message == failure.message


def test_a_template_whose_digests_were_not_kept_is_compared_by_its_source_with_a_warning(
    bare, backup, imports
):
    made = bare.ok("import_template", name="prod", source=str(backup))
    [row] = bare.deps.store.templates.list("1")
    bare.deps.store.templates.update(row.id, imported=None)

    again = bare.call("import_template", name="prod", source=str(backup))
    other = bare.refused("import_template", name="prod", source=str(imports / "other.zip"))

    assert again.data == made
    assert "compared by its name only" in again.warnings[0]
    assert "it was imported from prod.zip, before digests were kept" in other.message


def test_a_template_that_was_saved_is_said_to_be_saved(held, process, sale, backup):
    process.ok("save_as_template", name=sale["name"], template="prod")

    other = process.refused("import_template", name="prod", source=str(backup))

    assert other.message.endswith(f"differs: it was saved from environment {sale['name']}.")


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


def test_an_upload_of_the_same_content_need_not_be_sent_and_stays_for_those_who_send_it(
    bare, backup
):
    made = bare.ok("import_template", name="prod", source=str(backup))
    begun = bare.ok("create_upload", **described(backup))

    again = bare.call("import_template", name="prod", source=begun.source)

    assert again.data == made
    [warning] = again.warnings
    assert warning.startswith(f"Upload {begun.name} is not complete")
    assert [each.source for each in bare.ok("list_uploads").uploads] == [begun.source]


def test_a_complete_upload_is_verified_before_it_counts_as_the_same_content(bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))
    digest = content_digest(backup, lambda _done: None)
    write_backup(backup, b"another picture")
    begun = bare.ok("create_upload", size=backup.stat().st_size, sha256=digest)
    [row] = bare.deps.store.uploads.list("1")
    content = backup.read_bytes()
    bare.deps.work.uploads.append("1", row.id, 0, io.BytesIO(content), None)
    bare.deps.store.uploads.update(row.id, received=len(content))

    error = bare.refused("import_template", name="prod", source=begun.source)

    assert error.message.startswith(f"The content of upload {begun.name} has the SHA-256")


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
        *(deps.store.uploads, files, locks), lambda _team: None, lambda _team: None
    )
    content = path.read_bytes()
    receiver.append("1", begun.name, 0, io.BytesIO(content), len(content))
    return begun.source
