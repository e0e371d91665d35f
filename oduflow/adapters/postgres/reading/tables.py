"""The tables of a database: their columns, indexes and constraints, and how many rows they have."""

from oduflow.adapters.postgres.reading.sources import NAME_CHARACTERS

TEXT_CHARACTERS = 500
MOST_TABLES = 20_000
MOST_PARTS = 20_000  # columns, indexes and constraints of the tables that differ
COUNTED_BYTES = 8 << 20  # a larger table's rows are estimated
DIGESTED_BYTES = 8 << 20  # a table that is larger with its long values is only counted
ALL_DIGESTED_BYTES = 256 << 20  # of all tables of a database, the smallest first
MOST_ROWS = 20_000  # of one table, whose digests are read
MOST_OF_ALL_ROWS = 100_000  # of one session
ID_CHARACTERS = 40

_RELATIONS = f"""
    SELECT c.oid, c.relkind, pg_catalog.left(
        CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
        {NAME_CHARACTERS}
    ) COLLATE "C" AS name
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname !~ '^pg_(toast|temp)'
"""  # noqa: S608 - made of constants
# PostgreSQL 18 lists NOT NULL as constraints (contype n), which the columns say already.
_PARTS = """
    SELECT a.attrelid AS relation, 'column ' || a.attname AS part,
        pg_catalog.format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || coalesce(' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') AS text
    FROM pg_catalog.pg_attribute AS a
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT i.indrelid, 'index ' || c.relname, pg_catalog.pg_get_indexdef(i.indexrelid)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    UNION ALL
    SELECT o.conrelid, 'constraint ' || o.conname, pg_catalog.pg_get_constraintdef(o.oid)
    FROM pg_catalog.pg_constraint AS o WHERE o.conrelid <> 0 AND o.contype <> 'n'
    UNION ALL
    SELECT t.tgrelid, 'trigger ' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid)
    FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal
    UNION ALL
    SELECT r.ev_class, CASE r.rulename WHEN '_RETURN' THEN 'view' ELSE 'rule ' || r.rulename END,
        pg_catalog.pg_get_ruledef(r.oid)
    FROM pg_catalog.pg_rewrite AS r
"""
INDEX = f"""
    WITH relations AS ({_RELATIONS}), parts AS ({_PARTS})
    SELECT r.name, r.oid::bigint, pg_catalog.md5(r.relkind::text || coalesce(
        pg_catalog.string_agg(p.part || p.text, ' ' ORDER BY p.part COLLATE "C"), ''
    ))
    FROM relations AS r LEFT JOIN parts AS p ON p.relation = r.oid
    GROUP BY r.name, r.oid, r.relkind ORDER BY 1 LIMIT {MOST_TABLES + 1}
"""  # noqa: S608 - made of constants
CONTENTS = f"""
    SELECT p.relation::bigint, pg_catalog.left(p.part, {NAME_CHARACTERS}), false,
        pg_catalog.left(p.text, {TEXT_CHARACTERS}), pg_catalog.md5(p.text)
    FROM ({_PARTS}) AS p WHERE p.relation::bigint = ANY (%(ids)s) LIMIT %(most)s
"""  # noqa: S608 - made of constants
SIZES = f"""
    SELECT r.name, n.nspname, c.relname, coalesce(pg_catalog.pg_relation_size(c.oid), 0),
        coalesce(pg_catalog.pg_table_size(c.oid), 0),
        EXISTS (
            SELECT FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND t.typcategory IN ('A', 'C', 'U')
        )
    FROM ({_RELATIONS}) AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' ORDER BY 1 LIMIT {MOST_TABLES}
"""  # noqa: S608 - made of constants
TRANSIENT = f"""
    SELECT pg_catalog.left(m.model::text, {NAME_CHARACTERS}) FROM public.ir_model AS m
    WHERE m.transient LIMIT {MOST_TABLES}
"""  # noqa: S608 - made of constants
EXISTING = """
    SELECT c.relname FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relname = ANY (%s)
"""
REFERENCES = """
    SELECT a.attname, r.relname FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
    WHERE c.contype = 'f' AND pg_catalog.cardinality(c.conkey) = 1
    AND c.conrelid = pg_catalog.to_regclass('public.' || %s::text) LIMIT 200
"""
NAMES_OF = f"""
    SELECT model::text, res_id::bigint,
        pg_catalog.left(pg_catalog.min(module || '.' || name), {NAME_CHARACTERS})
    FROM public.ir_model_data WHERE model = ANY (%s) AND res_id = ANY (%s)
    GROUP BY 1, 2 LIMIT 5000
"""  # noqa: S608 - made of constants
# Which rows are read of a table: not the files of Odoo's web client, which it makes when a page is
# first opened.
ONLY = {
    "ir_attachment": """NOT (
        coalesce(url, '') LIKE '/web/assets/%' OR (
            coalesce(url, '') LIKE '/web/content/%' AND res_model = 'ir.ui.view'
            AND coalesce(res_id, 0) = 0
        )
    )"""
}
# Columns that change by themselves, or that every environment has of its own.
IGNORED_COLUMNS = {
    "ir_sequence_date_range": ("number_next",),
    "res_users": ("password", "login_date"),
}
