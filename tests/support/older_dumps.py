r"""Dumps as pg_dump 10 to 18 write them, of a small database with Odoo's table of modules.

These are not written by a pg_dump of their version: no test has one of 10, 11, 12 and 14.
What differs is taken from pg_dump's source of each version (`dumpDatabase` and
`_doSetFixedOutputState` in `pg_backup_archiver.c`, `K_VERS_…` in `pg_backup_archiver.h`) and from
the release notes. Dumps of real servers of 10 to 18, by a real pg_dump 13, 17 and 18, are those of
`tests/integration/environments/import_test.py` and `older_servers_test.py`.
"""

import io
from dataclasses import dataclass

ROWS = (
    ("base", "installed", "14.0.1.3"),
    ("web", "to upgrade", "14.0.1.0"),
    ("crm", "uninstalled", "14.0.1.2"),
)
_NUMBERED = tuple((str(number), *row) for number, row in enumerate(ROWS, 1))
# The last release of each version; those of August 2025 and later write \restrict (CVE-2025-8714).
RELEASES = {
    "10.2": "10.2",  # before the change of search_path in 10.3 (CVE-2018-1058)
    "10": "10.23",
    "11": "11.22",
    "12": "12.22",
    "13": "13.23",
    "14": "14.20",
    "15": "15.15",
    "16": "16.11",
    "17": "17.7",
    "18": "18.1",
}
# The version that an archive in custom format has in its header, by who writes it.
ARCHIVES = {"10.2": (1, 12), "10": (1, 13), "11": (1, 13), "12": (1, 14), "16": (1, 15)}
TABLE_ACCESS, ALGORITHM, RELATION_KIND = (1, 14), (1, 15), (1, 16)
_GZIP = 1
_HEADER = 11
_MAGIC = b"PGDMP"


FIRST, LAST = (10, 0), (18, 99)
# From which release to which one pg_dump writes a text. `%` is the release.
_TEXTS: tuple[tuple[tuple[int, int], tuple[int, int], str], ...] = (
    (FIRST, LAST, "--\n-- PostgreSQL database dump\n--\n"),
    ((13, 22), LAST, "\\restrict Own123\n"),
    (
        FIRST,
        LAST,
        """-- Dumped from database version % (Debian %-1.pgdg110+1)
-- Dumped by pg_dump version % (Debian %-1.pgdg110+1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;""",
    ),
    ((17, 0), LAST, "SET transaction_timeout = 0;"),
    (FIRST, LAST, "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;"),
    ((10, 3), LAST, "SELECT pg_catalog.set_config('search_path', '', false);"),
    (FIRST, LAST, "SET check_function_bodies = false;"),
    ((10, 7), LAST, "SET xmloption = content;"),
    (FIRST, LAST, "SET client_min_messages = warning;\nSET row_security = off;\n"),
    (
        FIRST,
        (10, 99),
        """CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';""",
    ),
    (
        FIRST,
        LAST,
        """CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement';""",
    ),
    (
        (15, 0),
        LAST,
        """-- *not* creating schema, since initdb creates it

ALTER SCHEMA public OWNER TO odoo;
COMMENT ON SCHEMA public IS '';""",
    ),
    (FIRST, (10, 2), "SET search_path = public, pg_catalog;"),
    (
        FIRST,
        LAST,
        """CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN NEW.name = NEW.name; RETURN NEW; END$$;
ALTER FUNCTION public.touch() OWNER TO odoo;
SET default_tablespace = '';""",
    ),
    (FIRST, (11, 99), "SET default_with_oids = false;"),
    ((12, 0), LAST, "SET default_table_access_method = heap;"),
    (
        FIRST,
        LAST,
        """CREATE TABLE public.ir_module_module (
    id integer NOT NULL,
    name character varying NOT NULL,
    state character varying,
    latest_version character varying,
    price numeric(16,2) DEFAULT 0.0
);
ALTER TABLE public.ir_module_module OWNER TO odoo;
COMMENT ON TABLE public.ir_module_module IS 'Module';
CREATE SEQUENCE public.ir_module_module_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER TABLE public.ir_module_module_id_seq OWNER TO odoo;
ALTER SEQUENCE public.ir_module_module_id_seq OWNED BY public.ir_module_module.id;
CREATE VIEW public.installed AS
 SELECT ir_module_module.name
   FROM public.ir_module_module
  WHERE ((ir_module_module.state)::text = 'installed'::text);
ALTER TABLE public.installed OWNER TO odoo;
ALTER TABLE ONLY public.ir_module_module ALTER COLUMN id
    SET DEFAULT nextval('public.ir_module_module_id_seq'::regclass);
COPY public.ir_module_module (id, name, state, latest_version) FROM stdin;""",
    ),
    (FIRST, LAST, "\n".join("\t".join(row) for row in _NUMBERED)),
    (
        FIRST,
        LAST,
        """\\.

SELECT pg_catalog.setval('public.ir_module_module_id_seq', 3, true);
ALTER TABLE ONLY public.ir_module_module
    ADD CONSTRAINT ir_module_module_pkey PRIMARY KEY (id);
CREATE INDEX by_name ON public.ir_module_module USING gin (name public.gin_trgm_ops);
CREATE TRIGGER touched BEFORE UPDATE ON public.ir_module_module""",
    ),
    (FIRST, (10, 99), "    FOR EACH ROW EXECUTE PROCEDURE public.touch();"),
    ((11, 0), LAST, "    FOR EACH ROW EXECUTE FUNCTION public.touch();"),
    (
        FIRST,
        (14, 99),
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO odoo;",
    ),
    ((15, 0), LAST, "REVOKE USAGE ON SCHEMA public FROM PUBLIC;"),
    (
        FIRST,
        LAST,
        """GRANT SELECT ON TABLE public.ir_module_module TO reporting;

--
-- PostgreSQL database dump complete
--
""",
    ),
    ((13, 22), LAST, "\\unrestrict Own123\n\n"),
)


def plain_dump(version: str) -> str:
    """Return a plain dump in the dialect of a version, one of `RELEASES`."""
    release = RELEASES[version]
    major, minor = map(int, release.split("."))
    texts = [text for first, last, text in _TEXTS if first <= (major, minor) <= last]
    dump = "\n".join(texts).replace("%", release)
    if (major, minor) < (10, 3):  # names follow the search path
        dump = dump.replace("public.", "")
    return dump


def older_archive(archive: bytes, version: tuple[int, int], release: str) -> bytes:
    """Write an archive of pg_dump 18 in custom format as an older pg_dump does.

    Args:
        archive: in version 1.16, compressed by gzip.
        version: such as `(1, 13)`.
        release: of the server and of pg_dump, such as `10.23`.
    """
    source, target = _Archive(io.BytesIO(archive)), _Archive(io.BytesIO())
    head = source.raw(_HEADER)
    assert head[:5] == _MAGIC
    assert tuple(head[5:7]) == RELATION_KIND
    assert head[11 - 1] == 1, "custom format"
    target.add(head[:5] + bytes((*version, 0)) + head[8:_HEADER])
    assert source.raw(1)[0] == _GZIP
    if version >= ALGORITHM:
        target.add(bytes((_GZIP,)))
    else:
        target.write_number(-1)  # zlib's own level
    for _ in range(7):  # the time
        target.write_number(source.number())
    target.write_text(source.text())  # the database
    for _ in range(2):  # the server and pg_dump
        source.text()
        target.write_text(release.encode())
    count = source.number()
    target.write_number(count)
    for _ in range(count):
        _entry(source, target, version)
    target.add(source.file.read())
    return target.file.getvalue()


def _entry(source: "_Archive", target: "_Archive", version: tuple[int, int]) -> None:
    """Copy one entry of the table of contents, as WriteToc writes it."""
    for _ in range(2):  # its number, and whether it has data
        target.write_number(source.number())
    for _ in range(4):  # two ids, name and kind
        target.write_text(source.text())
    target.write_number(source.number())  # the section
    for _ in range(5):  # how to make, drop and fill it, its schema and tablespace
        target.write_text(source.text())
    access = source.text()
    if version >= TABLE_ACCESS:
        target.write_text(access)
    kind = source.number()
    if version >= RELATION_KIND:
        target.write_number(kind)
    for _ in range(2):  # the owner, and whether rows have an oid
        target.write_text(source.text())
    text = source.text()
    while text is not None:  # the entries that it needs
        target.write_text(text)
        text = source.text()
    target.write_text(None)
    state, position = source.raw(1), source.raw(8)
    # Places in the file move, so say that they are unknown, as one that is written to a pipe does.
    unknown = state[0] == _HAS_POSITION
    target.add(bytes((_UNKNOWN_POSITION,)) + bytes(8) if unknown else state + position)


_UNKNOWN_POSITION, _HAS_POSITION = 1, 2


@dataclass
class _Archive:
    """Numbers and texts of an archive: a byte for the sign, four for the value."""

    file: io.BytesIO

    def raw(self, size: int) -> bytes:
        found = self.file.read(size)
        assert len(found) == size
        return found

    def number(self) -> int:
        sign = self.raw(1)[0]
        value = int.from_bytes(self.raw(4), "little")
        return -value if sign else value

    def text(self) -> bytes | None:
        size = self.number()
        return None if size < 0 else self.raw(size)

    def add(self, raw: bytes) -> None:
        self.file.write(raw)

    def write_number(self, value: int) -> None:
        self.add(bytes((value < 0,)) + abs(value).to_bytes(4, "little"))

    def write_text(self, text: bytes | None) -> None:
        self.write_number(-1 if text is None else len(text))
        self.add(text or b"")
