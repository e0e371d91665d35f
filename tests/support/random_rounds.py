"""Random writes, snapshots and rollbacks of a running environment, beside a model of it.

Hypothesis chooses them: a plan is drawn whole before anything is done, so that it is the same in
every run. The model is what the environment must hold: a copy of it is kept with each snapshot, and
comes back with a rollback. What is compared is read anew from PostgreSQL, the mounted filestore and
the disk; after a rollback, the hashes of the whole database and the whole filestore as well.
"""

import base64
import json
import random
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import strategies as st

from oduflow.domain.plan import EnvironmentPlan
from tests.support.hashes import Hashes, hashes_of
from tests.support.instances import Instance
from tests.support.odoo_rpc import OdooRpc
from tests.support.variants import inside, plan_of, signed_in

PREFIX = "round-"
WRITES = (
    *("add_partner", "change_partner", "remove_partner", "attach", "remove_files"),
    *("edit", "edit_new", "remove_from_checkout"),
)
STEPS = ("take", "take", "go_back", "go_back", "go_back", "forget")
SIZES = (10, 5000, 200_000)
LEAST_ROLLBACKS = 7  # of a plan's rounds
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


@dataclass(frozen=True)
class Chosen:
    """Something to do, and a number that chooses among what is there then."""

    what: str
    number: int


@dataclass(frozen=True)
class PlannedRound:
    """Writes, then one step with snapshots."""

    writes: tuple[Chosen, ...]
    step: Chosen


def plans(rounds: int) -> st.SearchStrategy[tuple[PlannedRound, ...]]:
    """Draw plans of that many rounds, with enough rollbacks among them."""
    numbers = st.integers(0, 2**16)

    def chosen(words: tuple[str, ...]) -> st.SearchStrategy[Chosen]:
        return st.builds(Chosen, st.sampled_from(words), numbers)

    writes = st.lists(chosen(WRITES), min_size=1, max_size=4).map(tuple)
    each = st.builds(PlannedRound, writes, chosen(STEPS))
    return st.lists(each, min_size=rounds, max_size=rounds).map(tuple).filter(_goes_back_often)


def _goes_back_often(plan: tuple[PlannedRound, ...]) -> bool:
    return sum(each.step.what == "go_back" for each in plan) >= LEAST_ROLLBACKS


@dataclass
class State:
    """What an environment holds, as far as the rounds change it.

    Attributes:
        partners: names by reference.
        attachments: the paths in the filestore by name.
        files: digests of files of the filestore by path; None for one that is missing.
        checkout: the files of the checkout by path.
        hashes: of all that PostgreSQL and the filestore hold; None before a snapshot is taken.
    """

    partners: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, str] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)
    checkout: dict[str, str] = field(default_factory=dict)
    hashes: Hashes | None = field(default=None, compare=False)


class Rounds:
    """Changes an environment and its model alike.

    Attributes:
        kept: the state of each snapshot by its name, the oldest first.
        rollbacks: how many there were.
    """

    def __init__(self, instance: Instance, name: str) -> None:
        self._instance, self._name = instance, name
        login = instance.ok("get_environment_login", name=name)
        self._rpc = OdooRpc.sign_in(
            login["url"], self._plan.database, login["login"], login["password"]
        )
        self._watched = self._of_template()
        self.model = self.seen()
        self.kept: dict[str, State] = {}
        self.rollbacks = self._number = 0

    def play(self, chosen: PlannedRound) -> str:
        """Change something, then take, remove or go back to a snapshot; return what was done."""
        done = [self._do(write) for write in chosen.writes]
        step = chosen.step if self.kept else Chosen("take", 0)
        return ", ".join([*done, self._do(step)])

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
        return sorted(path for (path,) in found)[:TEMPLATES_FILES]

    def _do(self, chosen: Chosen) -> str:
        done: str = getattr(self, f"_{chosen.what}")(chosen.number)
        return done

    def _new(self) -> str:
        self._number += 1
        return f"{PREFIX}{self._number}"

    def _add_partner(self, _number: int) -> str:
        ref = self._new()
        self._rpc.call("res.partner", "create", {"name": f"Name of {ref}", "ref": ref})
        self.model.partners[ref] = f"Name of {ref}"
        return f"add partner {ref}"

    def _change_partner(self, number: int) -> str:
        if not self.model.partners:
            return self._add_partner(number)
        ref, name = _one_of(self.model.partners, number), self._new()
        self._rpc.call("res.partner", "write", self._ids(ref), {"name": name})
        self.model.partners[ref] = name
        return f"rename partner {ref}"

    def _remove_partner(self, number: int) -> str:
        if not self.model.partners:
            return self._add_partner(number)
        ref = _one_of(self.model.partners, number)
        self._rpc.call("res.partner", "unlink", self._ids(ref))
        del self.model.partners[ref]
        return f"remove partner {ref}"

    def _ids(self, ref: str) -> list[int]:
        found: list[int] = self._rpc.call("res.partner", "search", [["ref", "=", ref]])
        return found

    def _attach(self, number: int) -> str:
        name, content = self._new(), random.Random(number).randbytes(SIZES[number % 3])  # noqa: S311
        data = base64.b64encode(content).decode()
        self._rpc.call("ir.attachment", "create", {"name": name, "datas": data})
        now = self.seen()
        self.model.attachments[name] = now.attachments[name]
        self.model.files[now.attachments[name]] = now.files[now.attachments[name]]
        return f"attach {name}"

    def _remove_files(self, number: int) -> str:
        """Remove some files of the filestore behind Odoo's back, the template's among them."""
        there = sorted(path for path, digest in self.model.files.items() if digest)
        chosen = [there[(number + each) % len(there)] for each in range(3)] if there else []
        inside(self._plan.container, REMOVE, self._root, *sorted(set(chosen)))
        self.model.files.update(dict.fromkeys(chosen))
        return f"remove {len(chosen)} files"

    def _edit(self, number: int) -> str:
        return self._write(
            _one_of(self.model.checkout, number) if self.model.checkout else "edited"
        )

    def _edit_new(self, _number: int) -> str:
        return self._write(self._new())

    def _write(self, path: str) -> str:
        text = f"edit {self._new()}\n"
        (self._plan.checkout / path).write_text(text)
        self.model.checkout[path] = text
        return f"edit {path}"

    def _remove_from_checkout(self, number: int) -> str:
        if not self.model.checkout:
            return self._edit(number)
        path = _one_of(self.model.checkout, number)
        (self._plan.checkout / path).unlink()
        del self.model.checkout[path]
        return f"remove {path} from the checkout"

    def _take(self, _number: int) -> str:
        name = self._new()
        self._instance.ok("create_snapshot", name=self._name, snapshot=name)
        self.model.hashes = hashes_of(self._plan)
        self.kept[name] = deepcopy(self.model)
        return f"take {name}"

    def _go_back(self, number: int) -> str:
        name = [*self.kept][number % len(self.kept)]
        self.model.hashes = hashes_of(self._plan)
        envelope = self._instance.call("rollback_environment", name=self._name, snapshot=name)
        assert envelope.status == "ok", envelope.error
        assert envelope.snapshot is not None
        assert hashes_of(self._plan) == self.kept[name].hashes, f"after going back to {name}"
        self.kept[envelope.snapshot] = self.model
        self.model = deepcopy(self.kept[name])
        self.rollbacks += 1
        listed = self._instance.ok("list_snapshots", name=self._name)["snapshots"]
        there = {each["name"] for each in listed}
        assert there >= {each for each in self.kept if each.startswith(PREFIX)}, "named ones stay"
        self.kept = {name: state for name, state in self.kept.items() if name in there}
        return f"go back to {name}"

    def _forget(self, number: int) -> str:
        name = [*self.kept][number % len(self.kept)]
        self._instance.ok("delete_snapshot", name=self._name, snapshot=name)
        del self.kept[name]
        return f"forget {name}"


def _one_of(known: dict[str, str], number: int) -> str:
    return sorted(known)[number % len(known)]
