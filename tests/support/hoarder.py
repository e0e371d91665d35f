"""A session that fills PostgreSQL's lock table with nothing but tables, and keeps it full."""

import psycopg

SMALL = """
    DO $$
    BEGIN
        FOR each IN 1..300 LOOP
            EXECUTE format('CREATE OR REPLACE FUNCTION hoard_%s() RETURNS int RETURN 1', each);
        END LOOP;
    END $$
"""
# What finds no lock is undone, so ever smaller steps follow: a table takes several locks, the
# comment on a function takes one.
FILL = """
    DO $$
    DECLARE size int := 1000; made int := 0;
    BEGIN
        WHILE size > 0 LOOP
            BEGIN
                FOR each IN 1..size LOOP
                    EXECUTE format('CREATE TABLE hoard_%s ()', made + each);
                END LOOP;
                made := made + size;
            EXCEPTION WHEN out_of_memory THEN
                size := size / 10;
            END;
        END LOOP;
        FOR each IN 1..300 LOOP
            BEGIN
                EXECUTE format('COMMENT ON FUNCTION hoard_%s() IS %L', each, '');
            EXCEPTION WHEN out_of_memory THEN EXIT;
            END;
        END LOOP;
    END $$
"""


def fill_locks(session: psycopg.Connection) -> None:
    """Take every lock that is free; the session's transaction stays open."""
    session.execute(SMALL)
    session.execute("BEGIN")
    session.execute(FILL)
