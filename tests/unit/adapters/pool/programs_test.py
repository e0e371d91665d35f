import subprocess
import time

import pytest

from oduflow.adapters.pool import programs
from oduflow.adapters.pool.programs import run
from oduflow.domain.errors import UpstreamFailed


def test_what_a_program_prints_is_returned():
    assert run("echo", "told", failure="It failed", hint="") == "told\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("false",), "It failed: false ended with 1"),
        (("sh", "-c", "echo why >&2; exit 2"), "It failed: why"),
        (("no-such-program",), "It failed: no-such-program cannot be run."),
        (("sleep", "60"), "It failed: sleep did not end."),
    ],
)
def test_a_program_that_fails_is_told_with_its_reason(command, message):
    with pytest.raises(UpstreamFailed) as raised:
        run(
            *command, failure="It failed", hint="Look.", seconds=5 if command[0] != "sleep" else 0.1
        )

    assert raised.value.message.startswith(message)
    assert raised.value.hint == "Look."


def test_a_program_that_hangs_in_the_kernel_is_not_waited_for(monkeypatch):
    """One in an uninterruptible sleep ends only when its disk answers, also after SIGKILL."""
    monkeypatch.setattr(programs, "_KILL_SECONDS", 0.1)
    hanging: list[subprocess.Popen[str]] = []

    def kill(process: subprocess.Popen[str]) -> None:
        hanging.append(process)

    monkeypatch.setattr(subprocess.Popen, "kill", kill)
    begun = time.monotonic()

    with pytest.raises(UpstreamFailed, match="did not end"):
        run("sleep", "60", failure="It failed", hint="", seconds=0.1)

    assert time.monotonic() - begun < 10
    monkeypatch.undo()
    hanging[0].kill()
    hanging[0].wait()
