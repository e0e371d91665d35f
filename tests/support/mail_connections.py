"""Count the connections that an environment makes to mail servers, within its own container."""

from tests.support.instances import Instance
from tests.support.odoo_manager import SMTP_PORT
from tests.support.odoo_rpc import OdooRpc
from tests.support.server import eventually
from tests.support.variants import docker, inside, plan_of

# Accepts and closes at the ports of Odoo's own default and of production's mail server.
_COUNT = f"""
import socket, sys, threading
def accept(listener):
    while True:
        connection, _ = listener.accept()
        with open('/tmp/connections', 'a') as file:
            file.write('one\\n')
        connection.close()
for port in (25, {SMTP_PORT}):
    listener = socket.create_server(('127.0.0.1', port))
    threading.Thread(target=accept, args=(listener,)).start()
open('/tmp/connections', 'w').close()
"""
_CONNECT = f"import socket; socket.create_connection(('127.0.0.1', {SMTP_PORT}), 10).recv(1)"
_COUNTED = "print(len(open('/tmp/connections').read().splitlines()))"
_THERE = "import os; print(os.path.exists('/tmp/connections'))"


def begin_counting(container: str) -> None:
    """Start to count in a running container."""
    docker("exec", "--detach", "--user", "root", container, "python3", "-c", _COUNT)
    eventually(lambda: "True" in inside(container, _THERE), 20)


def counted(container: str) -> int:
    """Return how many connections there were."""
    return int(inside(container, _COUNTED))


def signed_rpc(instance: Instance, name: str) -> OdooRpc:
    """Sign in to an environment's Odoo."""
    login, database = (
        instance.ok("get_environment_login", name=name),
        plan_of(instance, name).database,
    )
    return OdooRpc.sign_in(login["url"], database, login["login"], login["password"])


def connections_of_mail(instance: Instance, name: str) -> int:
    """Send mail in every way that a person or a program can, and count what was connected to."""
    container, rpc = plan_of(instance, name).container, signed_rpc(instance, name)
    begin_counting(container)
    anyone = {"context": {"active_test": False}}
    servers = rpc.call("ir.mail_server", "search", [], **anyone)
    assert rpc.call("mail.mail", "search_count", [["state", "=", "outgoing"]]) == 0
    for server in (False, *servers):
        mail = {
            "subject": "by hand",
            "body_html": "x",
            "email_from": "shop@example.com",
            "email_to": "customer@example.com",
            "mail_server_id": server,
            "auto_delete": False,
        }
        number = rpc.call("mail.mail", "create", mail)
        rpc.call("mail.mail", "send", [number])
        [sent] = rpc.call("mail.mail", "read", [number], ["state"])
        assert sent["state"] == "exception"
    rpc.call("mail.mail", "process_email_queue")
    found = counted(container)
    inside(container, _CONNECT)  # it would have been counted
    eventually(lambda: counted(container) == found + 1, 10)
    return found
