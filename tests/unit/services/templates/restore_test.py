import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from oduflow.adapters.postgres import restore_commands
from oduflow.domain.boot_queue import BootKind
from oduflow.files.contents import FileKind
from oduflow.services.templates.backup import Dump
from oduflow.services.templates.restore import Restore

LINES = 100_000
LIST = "215; 1259 16389 TABLE public ir_module_module odoo"


class Slots:
    """A call that counts the boot slots it holds."""

    held = 0

    @contextmanager
    def boot_slot(self, _kind: BootKind) -> Iterator[None]:
        self.held += 1
        yield
        self.held -= 1


@pytest.mark.parametrize("content", [FileKind.SQL, FileKind.CUSTOM])
def test_a_dump_is_read_within_a_boot_slot(monkeypatch, content):
    call: Any = Slots()
    unused: Any = None
    held = []

    def run(_self, *_args, **_options):
        held.append(call.held)
        return [b""]

    monkeypatch.setattr(Restore, "_run", run)
    monkeypatch.setattr(Restore, "_watched", run)

    Restore(unused, call, unused, 0, print).inspect(Dump(content, 1, 1, 1, unused))

    assert (held, call.held) == ([1], 0)


@pytest.mark.thorough
@pytest.mark.parametrize("endless", [restore_commands.list_content, restore_commands.read_modules])
def test_output_without_end_of_a_strangers_dump_is_not_kept(monkeypatch, endless):
    def run(_self, _dump, command, on_line, **_options):
        on_line(LIST)
        on_line("base\tinstalled\t19.0.1.3")
        if command == endless():
            for number in range(LINES):
                on_line(f"{number} of many lines, of which no one will ever read a single one")

    monkeypatch.setattr(Restore, "_run", run)
    unused: Any = None
    call: Any = Slots()
    work = Restore(unused, call, unused, 0, print)
    tracemalloc.start()
    try:
        facts = work.inspect(Dump(FileKind.CUSTOM, 1, 1, 1, unused))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert facts.odoo
    assert most < 5 << 20
