"""Commands in real containers that hide, flood, or do not end."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.exec import KEPT_BYTES
from oduflow.domain.container import ContainerSpec, ExecSpec
from oduflow.domain.errors import Cancelled
from oduflow.domain.progress_monitor import ProgressMonitor

IN_ANOTHER_PROCESS = """
import sys
from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.engine import Engine
from oduflow.domain.container import ExecSpec
Containers(Engine()).run_inside(sys.argv[1], ExecSpec(("sleep", "77"), 4))
"""


@pytest.fixture
def box(containers: Containers, shell: ContainerSpec) -> str:
    containers.create(shell)
    containers.start(shell.name)
    return shell.name


def sh(text: str, timeout: float = 30, stdin: bytes = b"") -> ExecSpec:
    return ExecSpec(("sh", "-c", text), timeout, stdin)


def processes(box: str) -> str:
    done = subprocess.run(
        ("docker", "top", box, "-o", "pid,args"), check=True, capture_output=True, text=True
    )
    return done.stdout


def test_all_of_a_short_output_arrives_however_fast_it_is(containers: Containers, box: str) -> None:
    for _ in range(20):
        result = containers.run_inside(box, sh("seq 1 200; echo end >&2"))
        assert sorted(result.output.split()) == sorted([*map(str, range(1, 201)), "end"])


def test_of_an_endless_output_beginning_and_end_are_kept(containers: Containers, box: str) -> None:
    result = containers.run_inside(box, sh("echo first; yes | head -c 9000000; echo last"))

    assert result.output.startswith("first\n")
    assert result.output.endswith("last\n")
    assert "bytes are omitted" in result.output
    assert len(result.output) < 3 * KEPT_BYTES
    begun = time.monotonic()
    assert containers.run_inside(box, sh("yes", 2)).timed_out
    assert time.monotonic() - begun < 15


def test_bytes_that_are_no_text_are_replaced(containers: Containers, box: str) -> None:
    assert containers.run_inside(box, sh(r"printf '\377\376\000a'")).output == "\ufffd\ufffd\0a"


def test_a_long_input_is_read_whole_and_may_be_left_unread(
    containers: Containers, box: str
) -> None:
    stdin = b"0123456789abcdef" * 300_000

    read = containers.run_inside(box, sh("wc -c", stdin=stdin))
    unread = containers.run_inside(box, sh("echo done", stdin=stdin))
    both = containers.run_inside(box, sh("cat | tail -c 5", stdin=stdin))

    assert (int(read.output), unread.output, both.output) == (len(stdin), "done\n", "bcdef")
    assert unread.seconds < 10


def test_what_hides_ends_with_the_command(containers: Containers, box: str) -> None:
    texts = (
        "setsid sleep 77 & echo done",
        "(trap '' TERM HUP; sleep 77) >/dev/null 2>&1 & echo done",
        "setsid setsid sh -c 'sleep 77 & sleep 78' & echo done",
    )
    for text in texts:
        result = containers.run_inside(box, sh(text))
        assert (result.exit_code, result.output) == (0, "done\n")
    trapped = containers.run_inside(box, sh("trap '' TERM INT; setsid sleep 77 & sleep 78", 1))

    assert trapped.timed_out
    assert "sleep 7" not in processes(box)


def test_a_command_of_a_killed_process_ends_at_its_time_limit(box: str) -> None:
    other = subprocess.Popen((sys.executable, "-c", IN_ANOTHER_PROCESS, box))
    deadline = time.monotonic() + 20
    while "sleep 77" not in processes(box) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "sleep 77" in processes(box)

    os.kill(other.pid, signal.SIGKILL)
    other.wait(10)
    time.sleep(5)

    assert "sleep 77" not in processes(box)


def test_a_call_is_called_off_at_once_and_lines_come_as_they_are_printed(
    containers: Containers, box: str
) -> None:
    seen: list[tuple[str, int]] = []
    begun = time.monotonic()

    with pytest.raises(Cancelled):
        containers.run_inside(
            box,
            sh("echo one; sleep 77"),
            monitor=ProgressMonitor(
                lambda line: seen.append((line, threading.get_ident())), lambda: bool(seen)
            ),
        )

    assert seen == [("one", threading.get_ident())]
    assert time.monotonic() - begun < 5
    assert "sleep 77" not in processes(box)


def test_a_container_that_is_stopped_ends_its_commands(containers: Containers, box: str) -> None:
    stop = threading.Timer(1, containers.kill, (box,))
    stop.start()
    begun = time.monotonic()

    result = containers.run_inside(box, sh("sleep 77"))

    assert result.exit_code != 0
    assert time.monotonic() - begun < 20
    stop.join()


def test_arguments_reach_the_program_as_they_are(containers: Containers, box: str) -> None:
    words = ("$(id)", "; id", "-x", "", "a b", "ä", "*")
    command = ("python3", "-c", "import sys; print(sys.argv[1:])", *words)

    assert containers.run_inside(box, ExecSpec(command, 9)).output == f"{list(words)}\n"
    assert containers.run_inside(box, ExecSpec(("-s", "x"), 9)).exit_code == 127
    folder = containers.run_inside(box, ExecSpec(("pwd",), 9, folder="/usr"))
    assert folder.output == "/usr\n"


def test_a_command_is_killed_by_its_mark_when_its_process_is_dead(
    containers: Containers, box: str
) -> None:
    command = ("docker", "exec", "--detach", "--env", "ODUFLOW_COMMAND=abc", box, "setsid")
    subprocess.run((*command, "sleep", "99"), check=True)
    assert "sleep 99" in processes(box)

    containers.end_inside(box, "another")
    assert "sleep 99" in processes(box)
    containers.end_inside(box, "abc")
    assert "sleep 99" not in processes(box)
    containers.remove(box)
    containers.end_inside(box, "abc")


def test_what_goes_on_to_write_does_not_hide_how_the_command_ended(
    containers: Containers, box: str
) -> None:
    begun = time.monotonic()

    result = containers.run_inside(box, sh("yes & exit 3", 60))

    assert (result.exit_code, result.timed_out) == (3, False)
    assert time.monotonic() - begun < 30
