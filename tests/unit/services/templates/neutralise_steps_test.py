import pytest

from oduflow.domain.anonymisation import Invented
from oduflow.domain.errors import Invalid
from oduflow.domain.plan import Naming
from oduflow.services.templates.neutralise_steps import NO_OWN_STEPS, own_steps
from oduflow.settings.read import parse


def test_without_keys_there_are_no_steps_and_no_key_is_made(steps, tmp_path):
    assert steps("") == NO_OWN_STEPS
    assert not list(tmp_path.rglob("anonymise_key"))


def test_files_keep_their_order_and_those_of_a_folder_are_sorted(steps, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("20-b.sql", "10-a.sql", "README"):
        (folder / name).write_text(f"-- {name}")
    (tmp_path / "first.sql").write_text("SELECT 1")

    made = steps('neutralise_scripts = ["first.sql", "own"]')

    assert [script.name for script in made.scripts] == ["first.sql", "10-a.sql", "20-b.sql"]
    assert made.scripts[0].text == "SELECT 1"


@pytest.mark.parametrize("name", ["missing.sql", "empty", "binary.sql"])
def test_a_script_that_cannot_be_read_is_named_without_its_folder(name, steps, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.sql").write_bytes(b"\xff\xfe")

    with pytest.raises(Invalid, match=name) as raised:
        steps(f'neutralise_scripts = ["{name}"]')

    assert str(tmp_path) not in raised.value.message


def test_the_key_of_invented_values_stays_the_same(steps):
    text = '[anonymise]\n"res.partner.email" = "email"\nres.partner.name = "name"'
    first, again = steps(text), steps(text)

    assert [rule.invented for rule in first.fields] == [Invented.EMAIL, Invented.NAME]
    assert first.key
    assert first.key == again.key


@pytest.fixture
def steps(tmp_path):
    def call(keys):
        settings = parse(f"[team.1]\n{keys}\n", tmp_path / "oduflow.toml")
        return own_steps(settings, Naming("test", tmp_path / "data"), "1")

    return call
