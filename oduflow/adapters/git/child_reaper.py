"""Run one program for the server, and take its whole process group along when the server dies.

Usage: guardian.py PARENT_PIPE MEMORY PROGRAM [ARGUMENT ...]

MEMORY is how many bytes each process may hold for itself: a few kilobytes of trees within trees
unfold to billions of files in git's memory before the first is written. Files that are mapped do
not count (RLIMIT_DATA, getrlimit(2)).

PARENT_PIPE is the number of the reading end of a pipe whose writing end only the server holds; the
kernel closes that end however the server dies. PR_SET_PDEATHSIG would not do: a child does not
inherit it, so what git starts (git-remote-https, index-pack) would live on, and it fires when
the thread that started git ends, not the server. Imports nothing of the product: it starts in
an empty environment, and fast.
"""

import os
import resource
import select
import signal
import sys

NOT_INSTALLED = 127  # a shell's exit status for a program that is not there


def main(parent_pipe: int, memory: int, command: list[str]) -> int:
    """Run the command; answer its exit status as a shell does, 128 + n for signal n."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    try:
        child = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_CLOSE, parent_pipe)],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them, git should not
        )
    except FileNotFoundError:
        return NOT_INSTALLED
    ended = os.pidfd_open(child)
    events = select.poll()  # select() takes no descriptor above 1023, which the parent_pipe may be
    events.register(ended, select.POLLIN)
    events.register(parent_pipe, select.POLLHUP)
    if ended not in {descriptor for descriptor, _ in events.poll()}:
        os.killpg(0, signal.SIGKILL)  # this process too
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
