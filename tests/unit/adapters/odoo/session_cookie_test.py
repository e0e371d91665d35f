import importlib
import sys

import pytest

from oduflow.adapters.odoo.session_cookie import Finder, incoming, outgoing

OURS = "session_id_50001"


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("tz=UTC; session_id_50001=a", "tz=UTC; session_id=a"),
        ("session_id_50001=a; session_id_50002=b", "session_id_50002=b; session_id=a"),
        ("session_id=x; session_id_50001=a", "session_id=a"),
        ("session_id=x; tz=UTC", "session_id=x; tz=UTC"),
        ("session_id_50002=b", "session_id_50002=b"),
        ("", ""),
    ],
)
def test_odoo_sees_the_cookie_of_its_environment_under_its_own_name(header, seen):
    assert incoming(header, OURS) == seen


def test_a_browser_gets_the_cookie_under_the_environments_name():
    headers = [
        ("Content-Type", "text/html"),
        ("Set-Cookie", "session_id=a; HttpOnly; Path=/"),
        ("set-cookie", "session_id=; Max-Age=0"),
        ("Set-Cookie", "session_identifier=x"),
        ("X-Copy", "session_id=a"),
    ]

    assert outgoing(headers, OURS) == [
        headers[0],
        ("Set-Cookie", "session_id_50001=a; HttpOnly; Path=/"),
        ("set-cookie", "session_id_50001=; Max-Age=0"),
        headers[3],
        headers[4],
    ]


def test_the_application_of_odoo_is_wrapped_when_python_imports_it(tmp_path, monkeypatch):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo/__init__.py").write_text("")
    (tmp_path / "odoo/http.py").write_text(
        "class Application:\n"
        "    def __call__(self, environ, start_response):\n"
        "        start_response('200 OK', [('Set-Cookie', 'session_id=new')])\n"
        "        return [environ['HTTP_COOKIE'].encode()]\n"
        "root = Application()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [Finder(OURS), *sys.meta_path])
    for name in ("odoo", "odoo.http"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    started = []

    body = importlib.import_module("odoo.http").root(
        {"HTTP_COOKIE": f"{OURS}=old"}, lambda status, headers: started.append(headers)
    )

    assert body == [b"session_id=old"]
    assert started == [[("Set-Cookie", f"{OURS}=new")]]
    for name in ("odoo", "odoo.http"):
        sys.modules.pop(name, None)
