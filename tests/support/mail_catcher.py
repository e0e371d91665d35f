"""A container that accepts every mail by SMTP and prints the subject of each."""

import json
import os
import secrets
import subprocess
import time
from typing import Self

IMAGE = "odoo:19.0"  # it has Python, and every test that needs mail has it
PORT = 2525
_SINK = r"""
import socketserver
class Mail(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')
    def handle(self):
        self.say('220 sink')
        for line in self.rfile:
            word = line.split()[0].upper() if line.split() else b''
            if word == b'DATA':
                self.say('354 go on')
                for text in iter(self.rfile.readline, b'.\r\n'):
                    if text.lower().startswith(b'subject:'):
                        print(text.decode(errors='replace').strip(), flush=True)
                self.say('250 kept')
            elif word == b'QUIT':
                self.say('221 bye')
                return
            else:
                self.say('250 sink')
socketserver.ThreadingTCPServer.allow_reuse_address = True
print('ready', flush=True)
socketserver.ThreadingTCPServer(('0.0.0.0', 2525), Mail).serve_forever()
"""


class MailCatcher:
    """Use it as a context manager; the container is removed at the end."""

    def __init__(self) -> None:
        self.name = f"test-{os.getpid()}-mail-{secrets.token_hex(3)}"

    def __enter__(self) -> Self:
        _docker(
            *("run", "--detach", "--init", "--name", self.name, "--cap-drop", "ALL"),
            *("--user", "65534:65534", "--entrypoint", "python3", IMAGE, "-u", "-c", _SINK),
        )
        while "ready" not in _docker("logs", self.name):
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        _docker("rm", "--force", "--volumes", self.name)

    @property
    def address(self) -> str:
        """The address of the container on the engine's bridge."""
        [facts] = json.loads(_docker("inspect", self.name))
        return str(facts["NetworkSettings"]["IPAddress"])

    @property
    def subjects(self) -> list[str]:
        """The subjects of the mails so far."""
        lines = _docker("logs", self.name).splitlines()
        return [line.partition(":")[2].strip() for line in lines if ":" in line]


def _docker(*words: str) -> str:
    done = subprocess.run(("docker", *words), check=True, capture_output=True, text=True)
    return done.stdout
