import importlib
import sys
import time
from types import SimpleNamespace

import pytest

from oduflow.adapters.odoo.session_cookie import UNTIL, Finder, end_in_time, incoming, outgoing

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


def test_a_session_is_removed_instead_of_read_once_its_end_has_come():
    kept = {
        "ended": {"uid": 1, UNTIL: time.time() - 1},
        "lives": {"uid": 2, UNTIL: time.time() + 60},
        "own": {"uid": 3},
    }
    named = {id(session): sid for sid, session in kept.items()}
    store = SimpleNamespace(
        get=lambda sid: kept.get(sid, {}), delete=lambda session: kept.pop(named[id(session)])
    )

    assert end_in_time(store) is store
    assert store.get("ended") == {}
    assert [store.get(sid)["uid"] for sid in ("lives", "own")] == [2, 3]
    assert set(kept) == {"lives", "own"}


def test_the_application_of_odoo_is_wrapped_when_python_imports_it(tmp_path, monkeypatch):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo/__init__.py").write_text("")
    (tmp_path / "odoo/http.py").write_text(
        "class Store:\n"
        "    def get(self, sid):\n"
        "        return {'sid': sid}\n"
        "class Application:\n"
        "    session_store = Store()\n"
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
