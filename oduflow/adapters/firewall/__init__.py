"""The host's firewall: who of our containers may open a connection to whom.

`rules.py` computes the rules from facts, `table.py` compares them with what stands and writes the
transaction that makes it so, `iptables.py` runs it. The first two are pure.
"""
