"""Send a file to a real server, as the command line does."""

import hashlib
from pathlib import Path

from oduflow.cli.remote.sending import PartSender
from oduflow.cli.remote.target import parse_address
from tests.support.instances import TOKEN
from tests.support.server import Server


def sent(server: Server, dump: Path) -> str:
    """Upload a file and return its name."""
    content = dump.read_bytes()
    wanted = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "file_name": "shop.dump",
    }
    made = server.request("POST", "/api/uploads", json=wanted)
    name = str(made.json()["data"]["name"])
    address = parse_address(server.url)
    PartSender(address, TOKEN, name, len(content), lambda _done, _note: None).send(dump)
    return name
