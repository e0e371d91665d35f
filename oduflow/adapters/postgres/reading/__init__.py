"""Read a tenant's database for a comparison, as the tenant's own role and without a write.

Nothing in it is trusted: a view may be in place of a table, a value may be a gigabyte, a function
may never end. So every statement has a time limit, every answer a number of rows, and every text a
length; a kind of record that cannot be read is left out with the reason.
"""
