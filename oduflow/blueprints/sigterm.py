"""SIGTERM for an application under a server of somebody else's."""

import signal
import sys
import threading
from types import FrameType

from flask import Flask

from oduflow.blueprints.draining import Loop, drain


def drain_at_sigterm(app: Flask, keeper: Loop) -> None:
    """Let SIGTERM drain the application; elsewhere than on the main thread this does nothing.

    A server that handles the signal (gunicorn, before it loads us) is handed it at once, and ends
    when its calls do. Where nobody does (waitress-serve) the process ends when all is drained, by
    `SystemExit`, so that the server may tidy up and what was counted reaches the audit trail.
    """
    before = signal.getsignal(signal.SIGTERM)
    answered = callable(before)
    if threading.current_thread() is not threading.main_thread() or not (
        answered or before is signal.SIG_DFL
    ):
        return

    def ending() -> None:
        drain(app, keeper)
        if not answered:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal must not wait for the first.
        signal.signal(signal.SIGTERM, before if answered else _leave)
        threading.Thread(target=ending, name="drain", daemon=True).start()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, handle)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit()
