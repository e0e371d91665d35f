import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from oduflow.domain.errors import Kind, NotFound
from oduflow.domain.neutralised import Remaining
from oduflow.domain.storage import WHOLE_TEAM
from oduflow.services.templates import import_
from oduflow.services.templates.import_ import TemplateImport
from tests.support.backup_files import HASH, MODULES, PICTURE, allowing, sql, zipped
from tests.support.memory.postgres import MemoryCluster
from tests.support.memory.process import Process

MIB = 1 << 20
OTHERWISE = {"cluster.ready", "cluster.system_identifier", "environments.using_template"}


def test_a_backup_becomes_a_sealed_neutralised_template(world, bare, backup):
    made = bare.ok("import_template", name="prod", source=str(backup))

    [row] = bare.deps.store.templates.list("1")
    assert (made.source, made.odoo_version, made.postgres_version) == ("prod.zip", "19.0", "15.8")
    assert (made.modules, made.neutralized, row.state, row.step) == (("crm",), True, "ready", "")
    assert made.odoo_image == "odoo:19.0"
    assert made.size > len(PICTURE)
    assert world.postgres.databases[f"tpl_{row.id}"].sealed
    root = world.engine.volumes[f"memory-tpl-{row.id}"].mountpoint
    picture = root / "filestore" / f"tpl_{row.id}" / HASH[:2] / HASH
    assert picture.read_bytes() == PICTURE
    assert world.everything()["folders"] == set()
    assert row.neutralised.odoo == ("base", "web", "crm")
    shown = bare.ok("get_template", name="prod")
    assert shown.neutralised == row.neutralised
    assert shown.imported.source.name == "prod.zip"


def test_no_odoo_starts_on_the_data_before_it_is_neutralised(world, bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))

    assert world.odoo.booted == ["neutralise", "assets"]


def test_a_failed_neutralisation_leaves_nothing_and_starts_no_odoo(world, bare, backup):
    bare.deps.infrastructure.wake("1")
    before = world.everything()
    world.odoo.neutralise_exit = 1

    error = bare.refused("import_template", name="prod", source=str(backup))

    assert error.message.startswith("The database was not neutralised")
    assert world.odoo.booted == ["neutralise"]
    assert world.everything() == before
    assert bare.deps.store.templates.list("1") == ()


def test_what_odoo_switched_on_while_it_opened_the_database_keeps_it_from_being_a_template(
    world, bare, backup, monkeypatch
):
    bare.deps.infrastructure.wake("1")
    before = world.everything()
    generate = world.odoo._assets

    def fire_a_trigger(spec):
        [database] = world.postgres.databases
        world.postgres.change(
            database, remaining=(Remaining("scheduled actions", "ir_cron", ("id 4",)),)
        )
        return generate(spec)

    monkeypatch.setattr(world.odoo, "_assets", fire_a_trigger)

    error = bare.refused("import_template", name="prod", source=str(backup))

    assert "after Odoo opened it" in error.message
    assert "ir_cron id 4" in error.message
    assert world.everything() == before
    assert bare.deps.store.templates.list("1") == ()


def test_the_dump_is_read_behind_a_restriction_of_our_own(world, bare, backup):
    bare.ok("import_template", name="prod", source=str(backup))

    [read] = world.odoo.restored
    first, _, rest = read.partition(b"\n")
    assert first.startswith(b"\\restrict ")
    assert rest == sql(MODULES).encode()


@pytest.mark.parametrize("name", ["prod.sql", "prod.sql.gz", "named-otherwise.txt"])
def test_a_plain_dump_of_any_name_is_imported(bare, imports, name):
    content = sql(MODULES).encode()
    (imports / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)

    envelope = bare.call("import_template", name="prod", source=str(imports / name))

    assert envelope.data.modules == ("crm",)
    assert "There is no filestore" in envelope.warnings[0]


def test_a_dump_in_custom_format_is_imported(bare, imports):
    (imports / "prod.dump").write_bytes(b"PGDMP" + bytes(100))

    assert bare.ok("import_template", name="prod", source=str(imports / "prod.dump")).source


def test_a_filestore_of_its_own_completes_a_dump(world, bare, imports):
    (imports / "prod.sql").write_text(sql(MODULES))
    folder = imports / "filestore" / "customer" / HASH[:2]
    folder.mkdir(parents=True)
    (folder / HASH).write_bytes(PICTURE)
    (folder / "README").write_text("no attachment")

    envelope = bare.call(
        "import_template",
        name="prod",
        source=str(imports / "prod.sql"),
        filestore=str(imports / "filestore"),
    )

    assert envelope.warnings == ("1 member of the filestore are not attachments and were skipped.",)


def test_a_crash_of_postgresql_after_the_restore_is_no_success(world, bare, backup, monkeypatch):
    take_back = MemoryCluster.take_back_settings

    def crashed(cluster, *given, **options):
        world.postgres.crashes += 1
        take_back(cluster, *given, **options)

    monkeypatch.setattr(MemoryCluster, "take_back_settings", crashed)
    error = bare.refused("import_template", name="prod", source=str(backup))

    assert "may have lost the end of it" in error.message
    assert bare.deps.store.templates.list("1") == ()


@pytest.mark.thorough
def test_a_step_or_call_that_fails_leaves_nothing(world, bare, backup):
    bare.deps.infrastructure.wake("1")
    points = bare.passed("import_template", name="prod", source=str(backup))
    bare.ok("delete_template", name="prod")
    before = world.everything()
    left = {}
    assert {"import.restore.before", "tenant.neutralise", "cluster.take_back_settings"} <= set(
        points
    )
    for point in points:
        if point in OTHERWISE:
            continue
        bare.faults.fail(point)
        error = bare.refused("import_template", name="prod", source=str(backup))
        assert error.message == f"It broke at {point}.", point
        if world.everything() != before or bare.deps.store.templates.list("1"):
            left[point] = world.everything()

    assert left == {}


@pytest.mark.thorough
def test_an_import_that_is_killed_anywhere_is_undone_at_the_next_start(
    world, bare, backup, imports
):
    points = bare.passed("import_template", name="prod", source=str(backup))
    bare.ok("delete_template", name="prod")
    before = world.everything()
    left = {}
    for point in points:
        if not point.startswith("import."):
            continue
        Process(world, allowing(imports)).killed(
            "import_template", at=point, name="prod", source=str(backup)
        )
        after = Process(world, allowing(imports))
        after.reconcile()
        if world.everything() != before or after.deps.store.templates.list("1"):
            left[point] = world.everything()

    assert left == {}


def test_an_error_of_the_restore_is_named_and_leaves_nothing(world, bare, backup):
    bare.deps.infrastructure.wake("1")
    before = world.everything()
    world.odoo.restore_error = "psql:<stdin>:7: ERROR:  permission denied to create role"

    error = bare.refused("import_template", name="prod", source=str(backup))

    assert error.kind is Kind.INVALID
    assert "only a superuser may do (line 7 of its SQL)" in error.message
    assert world.everything() == before


REFUSED = (
    "pg_restore: error: could not execute query: ERROR:  permission denied to create extension"
)
SUMMARY = "\npg_restore: warning: errors ignored on restore: 1"


@pytest.mark.parametrize(
    ("exit_code", "summary"), [(137, ""), (139, SUMMARY), (2, SUMMARY), (143, ""), (1, "")]
)
def test_a_restore_that_was_killed_after_a_harmless_error_is_not_whole(
    world, bare, imports, exit_code, summary
):
    (imports / "prod.dump").write_bytes(b"PGDMP" + bytes(100))
    world.odoo.restore_error, world.odoo.restore_exit = f'{REFUSED} "x"{summary}', exit_code

    error = bare.refused("import_template", name="prod", source=str(imports / "prod.dump"))

    assert error.kind is Kind.UPSTREAM
    assert f"ended with exit code {exit_code} before the dump's end" in error.message
    assert bare.deps.store.templates.list("1") == ()


def test_a_failed_restore_is_named_although_the_size_cannot_be_asked_for(
    world, bare, imports, monkeypatch
):
    (imports / "prod.dump").write_bytes(b"PGDMP" + bytes(100))
    world.odoo.restore_error, world.odoo.restore_exit = f'{REFUSED} "x"', 1
    sizes = iter((8 * MIB,))

    def size(*_given):
        for each in sizes:
            return each
        raise NotFound("There is no such database.")

    monkeypatch.setattr(MemoryCluster, "database_size", size)

    error = bare.refused("import_template", name="prod", source=str(imports / "prod.dump"))

    assert "ended with exit code 1 before the dump's end" in error.message


@pytest.mark.parametrize("name", ["prod.sql", "prod.dump"])
def test_a_file_that_is_written_to_while_it_is_imported_is_no_template(
    bare, imports, monkeypatch, name
):
    path = imports / name
    path.write_bytes(sql(MODULES).encode() if name == "prod.sql" else b"PGDMP" + bytes(100))
    examine = TemplateImport.examine

    def changing(self):
        path.write_bytes(path.read_bytes())
        examine(self)

    monkeypatch.setattr(TemplateImport, "examine", changing)

    error = bare.refused("import_template", name="prod", source=str(path))

    assert (error.kind, error.message) == (Kind.CONFLICT, f"{name} changed while it was imported.")
    assert bare.deps.store.templates.list("1") == ()


def test_a_restore_that_came_to_its_end_with_a_harmless_error_is_whole(world, bare, imports):
    (imports / "prod.dump").write_bytes(b"PGDMP" + bytes(100))
    world.odoo.restore_error, world.odoo.restore_exit = f'{REFUSED} "x"{SUMMARY}', 1

    made = bare.call("import_template", name="prod", source=str(imports / "prod.dump"))

    assert made.data.state == "ready"
    assert 'Left out of the dump: permission denied to create extension "x".' in made.warnings


def test_a_database_that_grows_as_no_real_one_does_ends_the_import(
    world, bare, imports, monkeypatch
):
    (imports / "prod.dump").write_bytes(b"PGDMP" + bytes(MIB))
    sizes = iter((8 * MIB, 300 * MIB))
    monkeypatch.setattr(MemoryCluster, "database_size", lambda *_given: next(sizes))

    error = bare.refused("import_template", name="prod", source=str(imports / "prod.dump"))

    assert error.kind is Kind.INVALID
    assert error.message.startswith(
        "The database grows to 292 MiB, more than 250 times the 1 MiB of its dump"
    )
    assert bare.deps.store.templates.list("1") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.zip is empty."),
        (b"<html>Sign in", "x.zip is a web page"),
        (b"%PDF-1.4", "x.zip is a PDF."),
        (
            gzip.compress(b"hello, this is a letter", mtime=0),
            "x.zip is a gzip file that holds text",
        ),
        (b"SET x = 0;\nCREATE TABLE public.a ();\n", "x.zip is no backup of Odoo"),
        (b"-- MySQL dump 10\n", "x.zip is a dump of MySQL."),
    ],
)
def test_another_file_is_refused_and_said_to_be_what_it_is(world, bare, imports, content, message):
    bare.deps.infrastructure.wake("1")
    before = world.everything()
    (imports / "x.zip").write_bytes(content)

    error = bare.refused("import_template", name="prod", source=str(imports / "x.zip"))

    assert error.kind is Kind.INVALID
    assert error.message.startswith(message)
    assert world.everything() == before


def test_a_folder_is_refused_and_what_is_accepted_is_said(bare, imports):
    (imports / "dump").mkdir()

    error = bare.refused("import_template", name="prod", source=str(imports / "dump"))

    assert (error.kind, error.message) == (Kind.INVALID, "dump is a folder.")
    assert "pg_dump's custom format" in error.hint


def test_a_zip_without_a_dump_is_refused(bare, imports):
    (imports / "x.zip").write_bytes(zipped({"addons/a.py": b""}))

    error = bare.refused("import_template", name="prod", source=str(imports / "x.zip"))

    assert error.message == "x.zip is a zip archive with no dump.sql."


@pytest.mark.parametrize(
    ("version", "arguments", "message"),
    [
        ("17.0.1.3", {"odoo_version": "19.0"}, "The database is of Odoo 17.0, and odoo:19.0"),
        ("13.0.1.3", {}, "x.sql is of Odoo 13.0, and supported are 14.0"),
        ("saas~17.4.1.3", {}, "x.sql is of Odoo saas~17.4, and supported"),
        ("nonsense", {}, "x.sql does not say its Odoo version"),
    ],
)
def test_another_version_is_refused_before_anything_is_restored(
    world, bare, imports, version, arguments, message
):
    (imports / "x.sql").write_text(sql({**MODULES, "base": version}))

    error = bare.refused("import_template", name="prod", source=str(imports / "x.sql"), **arguments)

    assert error.message.startswith(message)
    assert world.odoo.restored == []


def test_modules_without_code_in_the_image_are_a_warning(bare, imports):
    (imports / "x.sql").write_text(sql({**MODULES, "acme_sale": "19.0.1.0"}))

    envelope = bare.call("import_template", name="prod", source=str(imports / "x.sql"))

    assert "odoo:19.0 has no code of the installed modules acme_sale" in envelope.warnings[0]


def test_a_source_that_is_no_whole_path_is_refused(bare):
    error = bare.refused("import_template", name="prod", source="prod.zip")

    assert error.message == "“prod.zip” is not an absolute path."


def test_what_the_team_may_not_fill_is_refused_before_anything_is_restored(world, imports):
    limited = nearly_full(world, imports, left=MIB)
    (imports / "large.zip").write_bytes(
        zipped({"dump.sql": sql(MODULES).encode(), f"filestore/aa/{'aa' * 20}": bytes(2 * MIB)})
    )

    error = limited.refused("import_template", name="prod", source=str(imports / "large.zip"))

    assert error.kind is Kind.QUOTA
    assert error.message.startswith("Importing large.zip needs 2 MiB, and the team fills")
    assert world.odoo.restored == []


def test_a_packed_dump_that_cannot_fit_is_refused_before_anything_is_restored(world, imports):
    limited = nearly_full(world, imports, left=MIB)
    (imports / "prod.sql.gz").write_bytes(gzip.compress(sql_of(3 * MIB)))

    error = limited.refused("import_template", name="prod", source=str(imports / "prod.sql.gz"))

    assert error.kind is Kind.QUOTA
    assert error.message.startswith("Importing prod.sql.gz needs 1 MiB, and the team fills")
    assert world.odoo.restored == []


def test_a_dump_that_does_not_fit_by_an_estimate_only_is_imported_with_a_warning(world, imports):
    limited = nearly_full(world, imports, left=40 * MIB)
    (imports / "prod.sql.gz").write_bytes(gzip.compress(sql_of(33 * MIB)))

    made = limited.call("import_template", name="prod", source=str(imports / "prod.sql.gz"))

    assert made.error is None
    [warning] = [each for each in made.warnings if "estimate" in each]
    assert warning.startswith("By an estimate, importing prod.sql.gz needs 49 MiB, and the team")


def test_a_filestore_whose_size_is_not_known_ends_at_what_the_team_may_fill(world, imports):
    limited = nearly_full(world, imports, left=2 * MIB)
    (imports / "prod.sql").write_text(sql(MODULES))
    tarred(imports / "files.tar.gz", {f"aa/{'aa' * 20}": MIB, f"ab/{'ab' * 20}": 3 * MIB})

    error = limited.refused(
        "import_template",
        name="prod",
        source=str(imports / "prod.sql"),
        filestore=str(imports / "files.tar.gz"),
    )

    assert error.kind is Kind.QUOTA
    assert "Importing prod.sql needs about" in error.message
    assert error.message.endswith("in all; the team may fill 1.0 GiB.")
    assert limited.deps.store.templates.list("1") == ()


def test_what_an_import_writes_counts_for_the_team(world, imports, backup, monkeypatch):
    monkeypatch.setattr(import_, "_EVERY_BYTES", 1)
    limited = nearly_full(world, imports, left=900 * MIB)
    before = limited.deps.store.sizes.of("1")[WHOLE_TEAM].own

    limited.ok("import_template", name="prod", source=str(backup))

    [made] = limited.ok("list_templates").templates
    assert limited.deps.store.sizes.of("1")[WHOLE_TEAM].own == before + made.size


def sql_of(size: int) -> bytes:
    """Return a dump of about so many bytes."""
    padding = "-- nothing\n" * (size // 11)
    return sql(MODULES).replace("\n\\.\n", f"\n\\.\n{padding}", 1).encode()


def nearly_full(world, imports: Path, *, left: int) -> Process:
    """Return a process whose team may fill so many bytes more."""
    world.team_users["1"] = os.getuid()
    limited = Process(world, f"{allowing(imports)}disk_gb = 1\n")
    limited.deps.store.sizes.replace("1", {WHOLE_TEAM: ((1 << 30) - left, 0)})
    return limited


def tarred(path: Path, sizes: dict[str, int]) -> None:
    with tarfile.open(path, "w:gz") as made:
        for name, size in sizes.items():
            facts = tarfile.TarInfo(name)
            facts.size = size
            made.addfile(facts, io.BytesIO(bytes(size)))
