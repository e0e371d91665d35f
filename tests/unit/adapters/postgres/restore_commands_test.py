import subprocess

from oduflow.adapters.postgres import restore_commands
from oduflow.adapters.postgres.dump_scan import MAX_MODULES, NAME_LENGTH, scan_rows

HEAD = "COPY public.ir_module_module (id, state, name, latest_version) FROM stdin;"


def test_the_modules_of_a_custom_dump_are_printed(tmp_path):
    rows = ["1\tinstalled\tbase\t19.0.1.3", "2\tuninstalled\tcrm\t", "\\."]

    printed = read(tmp_path, "\n".join([HEAD, *rows, "3\tinstalled\tlate\t1"]))

    assert scan_rows(printed) == {"base": "19.0.1.3"}
    assert len(printed) == 2


def test_no_more_rows_are_printed_than_modules_can_be_and_none_is_long(tmp_path):
    row = "1\tinstalled\t" + "n" * 1000 + "\t1"

    printed = read(tmp_path, "\n".join([HEAD, *[row] * (MAX_MODULES + 10)]))

    assert len(printed) == MAX_MODULES
    assert set(printed) == {"n" * NAME_LENGTH + "\tinstalled\t1"}


def read(tmp_path, rows):
    """Run the command with a pg_restore that prints what it reads."""
    (tmp_path / "pg_restore").write_text("#!/bin/sh\nexec cat\n")
    (tmp_path / "pg_restore").chmod(0o755)
    (tmp_path / "input").write_text(rows + "\n")
    pipe = f"{restore_commands.FOLDER}/{restore_commands.PIPE}"
    command = [
        word.replace(pipe, str(tmp_path / "input")) for word in restore_commands.read_modules()
    ]
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    return subprocess.check_output(command, env=path, text=True).splitlines()
