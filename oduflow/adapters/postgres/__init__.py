"""PostgreSQL: one cluster for all, and each environment's own database.

`Cluster` is the administrator, who never enters a tenant's database. `Tenant` is an environment's
role in its own database, whose content is hostile.
"""
