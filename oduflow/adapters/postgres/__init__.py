"""PostgreSQL: one cluster, with a database and a role for each environment and template.

`Cluster` acts as the superuser and never connects to a tenant's database. `Tenant` acts as an
environment's role in its own database, whose content is not trusted.
"""
