"""SIGTERM for an application under another program's WSGI server, such as gunicorn."""

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from flask import Flask

from oduflow.blueprints.draining import drain


def drain_at_sigterm(app: Flask, stop_background: Callable[[], None]) -> None:
    """Drain the application at SIGTERM; on any but the main thread this does nothing.

    A server that handles the signal itself (gunicorn, before it loads us) is called at once, and
    ends when its calls do. Without such a handler (waitress-serve) the process ends after the
    draining by `SystemExit`, so that the server cleans up and the audit log gets its counts.

    Args:
        app: the application.
        stop_background: asks the server's background loop to stop.
    """
    before = signal.getsignal(signal.SIGTERM)
    has_handler = callable(before)
    if threading.current_thread() is not threading.main_thread() or not (
        has_handler or before is signal.SIG_DFL
    ):
        return

    def drain_and_end() -> None:
        drain(app, stop_background)
        if not has_handler:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal must not wait for the first.
        signal.signal(signal.SIGTERM, before if has_handler else _exit)
        threading.Thread(target=drain_and_end, name="drain", daemon=True).start()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, handle)


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit()
