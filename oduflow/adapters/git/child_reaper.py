"""Run one program for the server, and kill its whole process group when the server dies.

Usage: child_reaper.py PARENT_PIPE MEMORY PROGRAM [ARGUMENT ...]

MEMORY is how many bytes of private memory each process may have: a few kilobytes of nested trees
can expand to billions of files in git's memory before the first one is written. Mapped files do
not count (RLIMIT_DATA, getrlimit(2)).

PARENT_PIPE is the descriptor of the reading end of a pipe whose writing end only the server has;
the kernel closes that end however the server dies. PR_SET_PDEATHSIG would not do: git's children
(git-remote-https, index-pack) do not inherit it and would live on, and it fires when the thread
that started git ends, not the server. This module imports nothing of the product, so that it starts
fast and in an empty environment.
"""

import os
import resource
import select
import signal
import sys

NICENESS = 10  # a repository that is costly to unpack takes no time from Odoo and the server
NOT_INSTALLED = 127  # a shell's exit status for a program that is not there


def main(parent_pipe: int, memory: int, command: list[str]) -> int:
    """Run the command, and return its exit status as a shell does, 128 + n for signal n."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    try:
        child = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_CLOSE, parent_pipe)],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores and git should not
        )
    except FileNotFoundError:
        return NOT_INSTALLED
    ended = os.pidfd_open(child)
    events = select.poll()  # not select(), which accepts no descriptor above 1023
    events.register(ended, select.POLLIN)
    events.register(parent_pipe, select.POLLHUP)
    if ended not in {descriptor for descriptor, _ in events.poll()}:
        os.killpg(0, signal.SIGKILL)  # this process too
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
