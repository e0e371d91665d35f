"""When the loop behind `/mcp` starts, and in which process."""

import pytest

from tests.support.programs import running, said

PROGRAM = """
import os, threading
from tests.support.fakes import BLUE_TOKEN, bearer, make_world
from oduflow.blueprints.mcp import blueprint, close

app = make_world().app
if "mcp" not in app.blueprints:
    app.register_blueprint(blueprint)

def threads():
    return sum(one.name == "mcp-loop" for one in threading.enumerate())

def ping():
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "Mcp-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/list",
        "Host": "localhost:8000",
        **bearer(BLUE_TOKEN),
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    return app.test_client().post("/mcp", json=body, headers=headers).status_code

print("made", threads(), flush=True)
print("called", ping(), threads(), flush=True)
child = os.fork()
if not child:
    print("child", threads(), ping(), threads(), flush=True)
    close(app)
    print("closed", threads(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("parent", ping(), threads(), flush=True)
"""


@pytest.mark.thorough
def test_a_process_starts_its_own_loop_with_its_first_request() -> None:
    with running(PROGRAM) as process:
        lines = [said(process) for _ in range(5)]

    assert lines == ["made 0", "called 200 1", "child 0 200 1", "closed 0", "parent 200 1"]
