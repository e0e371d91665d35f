from oduflow.adapters.store import Facts


def test_an_unset_fact_is_none(store):
    assert Facts(store).get("system_identifier") is None


def test_the_last_value_counts_and_other_keys_keep_theirs(store):
    facts = Facts(store)
    facts.set("other", "kept")
    facts.set("system_identifier", "1")

    facts.set("system_identifier", "7412345678901234567")

    assert facts.get("system_identifier") == "7412345678901234567"
    assert facts.get("other") == "kept"
