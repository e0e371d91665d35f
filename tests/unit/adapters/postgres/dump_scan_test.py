import time

import pytest

from oduflow.adapters.postgres import dump_scan
from oduflow.adapters.postgres.dump_scan import ListScan, scan_dump, scan_rows
from oduflow.domain.dump import DumpFacts
from oduflow.domain.errors import Invalid

DUMP = b"""--
-- PostgreSQL database dump
--

-- Dumped from database version 15.8 (Debian 15.8-1)
-- Dumped by pg_dump version 17.2

CREATE TABLE %(schema)sir_module_module (
    id integer NOT NULL
);

COPY %(schema)sir_module_module (id, state, "name", latest_version) FROM stdin;
1\tinstalled\tbase\t17.0.1.3
2\tuninstalled\tcrm\t\\N
3\tto upgrade\tsale\t17.0.1.2
\\.

COPY %(schema)sother (a) FROM stdin;
"""


@pytest.mark.parametrize("schema", [b"public.", b""])
@pytest.mark.parametrize("size", [1 << 20, 64])
def test_a_plain_dump_says_its_server_and_its_installed_modules(schema, size):
    dump = DUMP % {b"schema": schema}

    facts = scan_dump(dump[start : start + size] for start in range(0, len(dump), size))

    assert (facts.server, facts.odoo) == ("15.8", True)
    assert facts.modules == {"base": "17.0.1.3", "sale": "17.0.1.2"}


def test_the_rest_of_a_dump_is_not_read():
    def chunks():
        yield DUMP % {b"schema": b"public."}
        raise AssertionError

    assert scan_dump(chunks()).odoo


def test_a_dump_of_gigabytes_without_the_table_is_searched_in_a_moment():
    rows = [b"1\tinstalled\tbase\t17.0 ir_module_module\nTABLE COPY\n" * 10_000] * 50

    began = time.thread_time()
    facts = scan_dump(rows)
    took = time.thread_time() - began

    assert facts == DumpFacts()
    assert took / sum(map(len, rows)) * (1 << 20) < 0.005, "seconds for a mebibyte"


@pytest.mark.parametrize(
    "line",
    [
        b"COPY ir_module_module (\n",
        b"CREATE TABLE public.ir_module_module (\n",
        b"Dumped from database version x\n",
    ],
)
def test_a_dump_that_repeats_what_is_searched_for_is_read_as_fast(line):
    rows = [line * (len(DUMP) * 1000 // len(line))] * 50

    began = time.thread_time()
    facts = scan_dump(rows)
    took = time.thread_time() - began

    assert facts.modules == {}
    assert took / sum(map(len, rows)) * (1 << 20) < 0.01, "seconds for a mebibyte"


def test_rows_that_are_none_of_the_table_are_read_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(dump_scan, "MAX_MODULES", 100)

    def chunks():
        yield DUMP.partition(b"1\t")[0] % {b"schema": b"public."}
        for _ in range(100):
            yield b"no row of it\n"
        raise AssertionError

    assert scan_dump(chunks()).odoo


def test_a_line_that_only_ends_like_the_statement_is_none():
    text = b"-- a COPY ir_module_module (id, name) FROM stdin;\n1\tbase\n\\.\n"

    assert scan_dump([b"x" * 5000, text]) == DumpFacts()


def test_another_database_is_no_odoo():
    facts = scan_dump([b"SET x = 0;\nCREATE TABLE public.a (b integer);\n"])

    assert (facts.server, facts.odoo, facts.modules) == ("", False, {})


def test_a_dump_of_inserts_holds_odoo_whose_modules_are_not_known():
    facts = scan_dump([b"CREATE TABLE public.ir_module_module (\n    id integer);\nINSERT INTO"])

    assert (facts.odoo, facts.modules) == (True, {})


def test_the_list_of_a_custom_dump_says_its_server_and_whether_it_holds_odoo():
    lines = [
        ";     Dumped from database version: 14.11 (Debian 14.11-1)",
        "; TABLE public ir_module_module of a comment",
    ]
    scan = ListScan()
    for line in lines:
        scan.feed(line)
    assert (scan.facts.server, scan.facts.odoo) == ("14.11", False)
    scan.feed("215; 1259 16389 TABLE public ir_module_module odoo")
    assert (scan.facts.server, scan.facts.odoo) == ("14.11", True)


def test_a_custom_dump_of_too_many_objects_is_refused_while_its_list_is_read(monkeypatch):
    monkeypatch.setattr(dump_scan, "MAX_OBJECTS", 3)
    scan = ListScan()
    for line in ("; 1", "1; TABLE public a", "2; TABLE public b", "3; TABLE public c", "; 2"):
        scan.feed(line)

    with pytest.raises(Invalid, match="more than 3 objects"):
        scan.feed("4; TABLE public d")


def test_the_printed_rows_of_a_custom_dump_name_the_installed_modules():
    rows = ["base\tinstalled\t19.0.1.3", "crm\tuninstalled\t\\N", "a line of something else"]

    assert scan_rows(rows) == {"base": "19.0.1.3"}
