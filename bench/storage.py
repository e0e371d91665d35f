"""`python -m bench.storage [ROUNDS] [--small]`: creations from small and large templates.

Templates of 23 MB, 1 GB and 4 GB (rows that cannot be compressed, with indexes), one of 13,000
files of PostgreSQL, and ones of 10,000 and 100,000 files in the filestore; first in a pool, then
on the plain disk, where files are copied. For each: how long create_environment takes until
/web/login answers 200, and what the environment has of its own on disk. It needs 25 GB of free
disk and half an hour, and is not part of `python -m bench`. With `--small` the templates are small,
to try the bench itself.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path

from bench.calls import act, answers, done, timed
from bench.figures import Figure, table
from oduflow.adapters.postgres.connection import Endpoint, open_admin
from oduflow.domain.names import new_id
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.files.extents import BlockUse
from oduflow.files.reflink import has_reflinks
from oduflow.services.storage.setup import set_up_storage
from tests.support.base_template import PASSWORD, KeptTemplate, add_template, in_database
from tests.support.git_server import GitServer
from tests.support.instances import TEMPLATE, Instance, running_instance
from tests.support.ports import free_port
from tests.support.server import Server, serving

RESULTS = Path(".bench") / "storage.json"
MODULE = {"tiny/__manifest__.py": '{"name": "Tiny", "depends": ["base"]}', "tiny/__init__.py": ""}
ROW_BYTES = 2048  # of one row of `fill`, with its part of the indexes
FILE_BYTES = 2048
RATIO, OWN_MEGABYTES = 1.2, 20.0
# The blocks are random once, and used again: no disk of the pool finds that out.
BLOCKS = """
CREATE TABLE bench_block AS SELECT n, (SELECT string_agg(md5(random()::text), '')
    FROM generate_series(1, 57 + 0 * n)) AS text FROM generate_series(0, 255) AS n;
CREATE TABLE bench_line (id int, ref uuid, code text, text text);
ALTER TABLE bench_line ALTER text SET STORAGE EXTERNAL;
"""
LINES = """
INSERT INTO bench_line SELECT g, gen_random_uuid(), md5(g::text), b.text
    FROM generate_series({first}, {last}) AS g JOIN bench_block AS b ON b.n = g % 256;
"""
INDEXES = """
CREATE INDEX ON bench_line (id);
CREATE INDEX ON bench_line (ref);
CREATE INDEX ON bench_line (code);
VACUUM ANALYZE bench_line;
"""
TABLES = """
DO $$ BEGIN FOR n IN {first}..{last} LOOP
    EXECUTE format('CREATE TABLE bench_wide_%s (id serial PRIMARY KEY, text text)', n);
END LOOP; END $$;
"""


@dataclass(frozen=True)
class TemplateKind:
    """A template: what it has beyond Odoo's base.

    Attributes:
        megabytes: of rows and indexes.
        tables: empty ones, of about five files each.
        files: in the filestore.
    """

    name: str
    megabytes: int = 0
    tables: int = 0
    files: int = 0


KINDS = (
    TemplateKind("23-mb"),
    TemplateKind("1-gb", megabytes=1000),
    TemplateKind("4-gb", megabytes=4000),
    TemplateKind("13k-files", tables=2400),
    TemplateKind("10k-attachments", files=10_000),
    TemplateKind("100k-attachments", files=100_000),
)
SMALL = (
    TemplateKind("23-mb"),
    TemplateKind("1-gb", megabytes=20),
    TemplateKind("4-gb", megabytes=60),
    TemplateKind("13k-files", tables=50),
    TemplateKind("10k-attachments", files=100),
    TemplateKind("100k-attachments", files=300),
)


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--small"]
    rounds, kinds = int(words[0]) if words else 5, SMALL if "--small" in sys.argv else KINDS
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, GitServer(Path(folder) / "git") as git:
        url, kept = git.repository("plain", {"main": MODULE}), KeptTemplate(Path(folder) / "kept")
        for where, pooled in (("pool", True), ("plain", False)):
            with instance_in(pooled=pooled, authority=git.authority) as instance:
                kept.give(instance)
                for kind in kinds:
                    print(f"{where}: making template {kind.name}", flush=True)
                    make_template(instance, kind)
                measured = measure(where, instance, kinds, url, rounds)
            print(f"{table(measured)}\nload {os.getloadavg()}", flush=True)
            figures += measured
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))
    print(f"\n{os.cpu_count()} processors; written to {RESULTS}")
    return 0 if all(map(Figure.holds, figures)) else 1


@contextmanager
def instance_in(*, pooled: bool, authority: str) -> Iterator[Instance]:
    def prepare(instance: Instance) -> None:
        if pooled:
            state = set_up_storage(instance.services.deps, lambda _line: None)
            if not state.reflink:
                raise RuntimeError(state.text)

    with running_instance(port=free_port(), git_hosts=(authority,), prepare=prepare) as instance:
        yield instance


def make_template(instance: Instance, kind: TemplateKind) -> None:
    """Clone the base template, add to database and filestore, and seal it."""
    deps = instance.services.deps
    (base,) = (row for row in deps.store.templates.list("blue") if row.name == TEMPLATE)
    row = replace(base, id=new_id(), name=kind.name)
    source, plan = TemplatePlan.of(deps.naming, base), TemplatePlan.of(deps.naming, row)
    deps.infrastructure.pools.of("blue").space.make(
        2 * kind.megabytes << 20 if _pooled(instance) else 0
    )
    cluster = deps.postgres.cluster("blue")
    cluster.create_role(plan.database, PASSWORD, connection_limit=5)
    cluster.clone_database(source.database, plan.database, plan.database, strategy="file_copy")
    cluster.hand_over(
        plan.database, from_role=source.database, to_role=plan.database, password=PASSWORD
    )
    run: Callable[[str], None] = partial(_sql, instance, plan.database)
    if kind.megabytes:
        rows, step = kind.megabytes * (1 << 20) // ROW_BYTES, 50_000
        run(BLOCKS)
        for first in range(0, rows, step):
            run(LINES.format(first=first, last=min(first + step, rows) - 1))
        run(INDEXES)
    for first in range(0, kind.tables, 100):
        run(TABLES.format(first=first, last=min(first + 100, kind.tables) - 1))
    cluster.seal_template(plan.database, plan.database)
    root = deps.engine.volumes.mountpoint(source.volume)
    add_template(instance, row, root, source.database)
    filestore = deps.engine.volumes.mountpoint(plan.volume) / "filestore" / plan.database
    _attach(filestore, kind.files)


def _attach(filestore: Path, files: int) -> None:
    """Write files as Odoo names its attachments, with the owner of those that exist."""
    owner = filestore.stat()
    for number in range(files):
        name = f"{number:040x}"[::-1]
        folder = filestore / name[:2]
        if not folder.is_dir():
            folder.mkdir()
            os.chown(folder, owner.st_uid, owner.st_gid)
        (folder / name).write_bytes(secrets.token_bytes(FILE_BYTES))
        os.chown(folder / name, owner.st_uid, owner.st_gid)


def measure(
    where: str, instance: Instance, kinds: tuple[TemplateKind, ...], url: str, rounds: int
) -> list[Figure]:
    """Measure each template in turn in each round, so that a busy moment meets all of them."""
    pooled = where == "pool"
    create = {kind.name: Figure(f"{where}: create from {kind.name}", inf) for kind in kinds}
    ratio = {
        kind.name: Figure(
            f"{where}: {kind.name} ÷ 23-mb",
            RATIO if pooled and kind.megabytes else inf,
            "times",
        )
        for kind in kinds[1:]
    }
    own = {
        kind.name: Figure(
            f"{where}: own disk of one of {kind.name}", OWN_MEGABYTES if pooled else inf, "MB"
        )
        for kind in kinds
    }
    with serving(instance) as server:
        for number in range(rounds + 1):
            for kind in kinds:
                wanted = {"name": f"e{number}-{kind.name}", "repo_url": url, "template": kind.name}
                seconds = timed(partial(_create, server, wanted))
                act(server, wanted["name"], "stop")
                if number:  # the first round warms up
                    create[kind.name].values.append(seconds)
                    own[kind.name].values.append(own_megabytes(instance, wanted["name"]))
                done(server, "DELETE", f"/api/environments/{wanted['name']}")
    small = create["23-mb"]
    for kind in kinds[1:]:
        each = create[kind.name].values
        ratio[kind.name].values += [
            mine / base for mine, base in zip(each, small.values, strict=True)
        ]
    return [*create.values(), *ratio.values(), *own.values()]


def own_megabytes(instance: Instance, name: str) -> float:
    """Return what an environment has of its own: database and volumes, without its checkout."""
    deps = instance.services.deps
    (row,) = (row for row in deps.store.environments.list("blue") if row.name == name)
    plan, volumes, pool = (
        EnvironmentPlan.of(deps.naming, row),
        deps.engine.volumes,
        deps.infrastructure.pools.of("blue"),
    )
    base = volumes.mountpoint(deps.naming.database_volume("blue")) / "cluster" / "base"
    folders = [base / deps.postgres.cluster("blue").folders()[plan.database]]
    folders += [
        facts.mountpoint
        for facts in volumes.list(deps.naming.labels("environment", id=row.id))
        if facts.kept_by_engine or facts.mountpoint == pool.path(facts.name)
    ]
    use = BlockUse()
    endpoint = Endpoint(deps.naming.postgres_folder("blue") / "socket")
    password = (deps.naming.postgres_folder("blue") / "password").read_text()
    with open_admin(endpoint, password, "write everything") as admin:
        admin.run("CHECKPOINT")
    subprocess.run(["sync"], check=True)
    for folder in folders:
        use.add(folder, skip=frozenset(), reflinks=has_reflinks(folder), pause=lambda: None)
    return use.own / 1e6


def _create(server: Server, wanted: dict[str, str]) -> None:
    envelope = server.finished(server.job("POST", "/api/environments", json=wanted))
    if not answers(f"{envelope['data']['url']}web/login"):
        raise RuntimeError(envelope)


def _pooled(instance: Instance) -> bool:
    return instance.services.deps.infrastructure.pools.of("blue").takes_new


def _sql(instance: Instance, database: str, text: str) -> None:
    command = in_database(
        instance, "blue", database, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"
    )
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
