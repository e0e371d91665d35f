"""The host's firewall: which of our containers may open a connection to which address.

`rules.py` computes the rules from facts, `table.py` compares them with the current table and
writes the correcting transaction, `iptables.py` runs it. The first two are pure.
"""
