"""The benchmarks of `make bench`, with real Docker, PostgreSQL and Odoo."""
