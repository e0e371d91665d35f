"""Random writes, snapshots and rollbacks of a running environment, beside a model of it.

The model is what the environment must hold: a copy of it is kept with each snapshot, and comes back
with a rollback. What is compared is read anew from PostgreSQL, the mounted filestore and the disk.
"""

import base64
import json
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from oduflow.domain.plan import EnvironmentPlan
from tests.support.instances import Instance
from tests.support.odoo_rpc import OdooRpc
from tests.support.variants import inside, plan_of, signed_in

PREFIX = "round-"
TEMPLATES_FILES = 30  # of the template's files, how many are looked at
# Prints the digest of each file of a list, null where it is missing.
DIGESTS = """
import hashlib, json, os, sys
def digest(path):
    return hashlib.sha256(open(path, 'rb').read()).hexdigest() if os.path.exists(path) else None
os.chdir(sys.argv[1])
print(json.dumps({path: digest(path) for path in json.loads(sys.argv[2])}))
"""
REMOVE = "import os, sys; os.chdir(sys.argv[1]); [os.unlink(path) for path in sys.argv[2:]]"


@dataclass
class State:
    """What an environment holds, as far as the rounds change it.

    Attributes:
        partners: names by reference.
        attachments: the paths in the filestore by name.
        files: digests of files of the filestore by path; None for one that is missing.
        checkout: the files of the checkout by path.
    """

    partners: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, str] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)
    checkout: dict[str, str] = field(default_factory=dict)


class Rounds:
    """Changes an environment and its model alike.

    Attributes:
        kept: the state of each snapshot by its name.
    """

    def __init__(self, instance: Instance, name: str, rng: random.Random) -> None:
        self._instance, self._name, self._rng = instance, name, rng
        login = instance.ok("get_environment_login", name=name)
        self._rpc = OdooRpc.sign_in(
            login["url"], self._plan.database, login["login"], login["password"]
        )
        self._watched = self._of_template()
        self.model = self.seen()
        self.kept: dict[str, State] = {}
        self._number = 0

    def play(self) -> str:
        """Change something, then take, remove or go back to a snapshot; return what was done."""
        done = [self._rng.choice(self._writes)() for _ in range(self._rng.randint(1, 4))]
        step = self._rng.choice((self._take, self._go_back, self._go_back))
        done.append(self._take() if not self.kept else step())
        if len(self.kept) > 4 and self._rng.random() < 0.3:
            done.append(self._forget())
        return ", ".join(done)

    def seen(self) -> State:
        """Return what the environment holds now."""
        with signed_in(self._plan) as session:
            partners = session.execute(
                "SELECT ref, name FROM res_partner WHERE ref LIKE %s", [f"{PREFIX}%"]
            ).fetchall()
            attachments = session.execute(
                "SELECT name, store_fname FROM ir_attachment WHERE name LIKE %s", [f"{PREFIX}%"]
            ).fetchall()
        paths = sorted({*self._watched, *(path for _, path in attachments)})
        digests = json.loads(inside(self._plan.container, DIGESTS, self._root, json.dumps(paths)))
        checkout = self._plan.checkout
        return State(
            dict(partners),
            dict(attachments),
            digests,
            {
                str(path.relative_to(checkout)): path.read_text("utf-8", "surrogateescape")
                for path in sorted(checkout.rglob("*"))
                if path.is_file() and ".git" not in path.relative_to(checkout).parts
            },
        )

    @property
    def _plan(self) -> EnvironmentPlan:
        return plan_of(self._instance, self._name)

    @property
    def _root(self) -> str:
        return f"/var/lib/odoo/filestore/{self._plan.database}"

    def _of_template(self) -> list[str]:
        """Choose attachments that Odoo itself never writes anew."""
        with signed_in(self._plan) as session:
            found = session.execute(
                "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL"
                " AND res_model IN ('res.partner', 'ir.ui.menu', 'ir.module.module')"
            ).fetchall()
        paths = sorted(path for (path,) in found)
        return self._rng.sample(paths, min(TEMPLATES_FILES, len(paths)))

    @property
    def _writes(self) -> tuple[Callable[[], str], ...]:
        return (
            self._add_partner,
            self._change_partner,
            self._attach,
            self._remove_files,
            self._edit,
            self._remove_from_checkout,
        )

    def _new(self) -> str:
        self._number += 1
        return f"{PREFIX}{self._number}"

    def _add_partner(self) -> str:
        ref = self._new()
        self._rpc.call("res.partner", "create", {"name": f"Name of {ref}", "ref": ref})
        self.model.partners[ref] = f"Name of {ref}"
        return f"add partner {ref}"

    def _change_partner(self) -> str:
        if not self.model.partners:
            return self._add_partner()
        ref, name = self._rng.choice(sorted(self.model.partners)), self._new()
        ids = self._rpc.call("res.partner", "search", [["ref", "=", ref]])
        if self._rng.random() < 0.3:
            self._rpc.call("res.partner", "unlink", ids)
            del self.model.partners[ref]
            return f"remove partner {ref}"
        self._rpc.call("res.partner", "write", ids, {"name": name})
        self.model.partners[ref] = name
        return f"rename partner {ref}"

    def _attach(self) -> str:
        name, content = self._new(), self._rng.randbytes(self._rng.choice((10, 5000, 200_000)))
        data = base64.b64encode(content).decode()
        self._rpc.call("ir.attachment", "create", {"name": name, "datas": data})
        now = self.seen()
        self.model.attachments[name] = now.attachments[name]
        self.model.files[now.attachments[name]] = now.files[now.attachments[name]]
        return f"attach {name}"

    def _remove_files(self) -> str:
        """Remove some files of the filestore behind Odoo's back, the template's among them."""
        there = sorted(path for path, digest in self.model.files.items() if digest)
        chosen = self._rng.sample(there, min(3, len(there)))
        inside(self._plan.container, REMOVE, self._root, *chosen)
        self.model.files.update(dict.fromkeys(chosen))
        return f"remove {len(chosen)} files"

    def _edit(self) -> str:
        known = sorted(self.model.checkout)
        path = self._rng.choice(known) if known and self._rng.random() < 0.5 else self._new()
        text = f"edit {self._rng.random()}\n"
        (self._plan.checkout / path).write_text(text)
        self.model.checkout[path] = text
        return f"edit {path}"

    def _remove_from_checkout(self) -> str:
        if not self.model.checkout:
            return self._edit()
        path = self._rng.choice(sorted(self.model.checkout))
        (self._plan.checkout / path).unlink()
        del self.model.checkout[path]
        return f"remove {path} from the checkout"

    def _take(self) -> str:
        name = self._new()
        self._instance.ok("create_snapshot", name=self._name, snapshot=name)
        self.kept[name] = deepcopy(self.model)
        return f"take {name}"

    def _go_back(self) -> str:
        name = self._rng.choice(sorted(self.kept))
        envelope = self._instance.call("rollback_environment", name=self._name, snapshot=name)
        assert envelope.status == "ok", envelope.error
        assert envelope.snapshot is not None
        self.kept[envelope.snapshot] = self.model
        self.model = deepcopy(self.kept[name])
        listed = self._instance.ok("list_snapshots", name=self._name)["snapshots"]
        self.kept = {each["name"]: self.kept[each["name"]] for each in listed}
        return f"go back to {name}"

    def _forget(self) -> str:
        name = self._rng.choice(sorted(self.kept))
        self._instance.ok("delete_snapshot", name=self._name, snapshot=name)
        del self.kept[name]
        return f"forget {name}"
