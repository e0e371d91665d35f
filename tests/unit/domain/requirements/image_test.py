import json

import pytest

from oduflow.domain.errors import Conflict, UpstreamFailed
from oduflow.domain.requirements.image import (
    ImagePython,
    Package,
    constraints,
    metadata_files,
    missing,
)
from oduflow.domain.requirements.lines import Requirement, parse_requirements

MARKERS = {"python_version": "3.13", "sys_platform": "linux"}


def image(**packages: str) -> ImagePython:
    listed = {
        name.replace("_", "-"): {"version": version, "requires": [], "extras": []}
        for name, version in packages.items()
    }
    text = json.dumps({"packages": listed, "odoo": "19.0", "standard": ["csv"], "markers": MARKERS})
    cut = [text[start : start + 40] for start in range(0, len(text), 40)]
    lines = ["warning: unrelated", *(f"python:{part}" for part in cut)]
    return ImagePython.parse("\n".join(lines), "odoo:19.0")


def asked(text: str, source: str = "the repository's requirements.txt") -> list[Requirement]:
    return [line for line in parse_requirements(text, source) if isinstance(line, Requirement)]


def still_missing(text: str, python: ImagePython) -> list[str]:
    return [line.for_pip() for line in missing(asked(text), python.packages, python.markers)]


def test_what_the_image_has_is_not_asked_for_again():
    python = image(Jinja2="3.1.6", python_dateutil="2.9.0")

    assert still_missing("jinja2>=3\nPython_DateUtil\nrequests", python) == ["requests"]


def test_extras_are_asked_for_even_if_the_package_is_there():
    assert still_missing("jinja2[i18n]", image(Jinja2="3.1.6")) == ["jinja2[i18n]"]


def test_lines_for_another_python_or_system_are_left_out():
    text = "a; python_version < '3.8'\nb; sys_platform == 'win32'\nc; python_version >= '3.8'"

    assert [line.partition(";")[0] for line in still_missing(text, image())] == ["c"]


def test_a_conflict_names_both_versions_and_who_wants_which():
    with pytest.raises(Conflict) as refused:
        still_missing("six\ncryptography>=44\njinja2<3", image(cryptography="43.0.0", jinja2="3.1"))

    assert refused.value.message == (
        "The repository's requirements.txt, line 2, asks for cryptography>=44, but the image "
        "odoo:19.0 has cryptography 43.0.0. 1 more are in the output."
    )
    assert "jinja2<3, but the image odoo:19.0 has jinja2 3.1." in refused.value.output


def test_odoo_counts_as_installed_at_the_series_of_the_image():
    python = image(odoo="19.0.post20251001")

    assert still_missing("odoo==19.0.*\nodoo>=19.0a,<19.1dev", python) == []
    with pytest.raises(Conflict, match=r"odoo==18\.0\.\*, but the image odoo:19\.0 has odoo 19\.0"):
        still_missing("odoo==18.0.*", python)


@pytest.mark.parametrize("version", ["0.0.0", "1.2-debian~3"])
def test_a_version_that_is_not_known_meets_every_requirement_and_restricts_none(version):
    python = image(isodate=version)

    assert still_missing("isodate>=0.6", python) == []
    assert constraints(python.packages, ()) == ("odoo==19.0",)


def test_a_module_of_pythons_own_is_no_package():
    assert still_missing("csv\nCSV>=2", image()) == []


def test_a_prerelease_of_the_image_counts():
    assert still_missing("tool>=2.0a", image(tool="2.0b1")) == []


def test_installed_packages_are_constraints_and_win_over_those_of_the_repository():
    python = image(cryptography="43.0.0")
    own = asked("cryptography==44\nsix<2")

    assert constraints(python.packages, own) == ("cryptography==43.0.0", "odoo==19.0", "six<2")


def test_metadata_shows_pip_what_is_there_without_its_dependencies():
    package = Package.of("ruamel-yaml", "1.0", "", extras=("x",), requires=('y; extra == "x"',))

    assert metadata_files({"ruamel-yaml": package}) == {
        "ruamel_yaml-1.0.dist-info": "Metadata-Version: 2.1\nName: ruamel-yaml\nVersion: 1.0\n"
        'Provides-Extra: x\nRequires-Dist: y; extra == "x"\n'
    }


def test_metadata_of_an_image_writes_no_lines_or_files_of_its_own():
    package = Package.of("x", "1", "", requires=("y\nName: z",))
    listed = {"../x": {"version": "1", "requires": [], "extras": []}}
    text = json.dumps({"packages": listed, "odoo": "", "standard": [], "markers": {}})

    assert metadata_files({"x": package}) == {}
    assert ImagePython.parse(f"python:{text}", "x").packages == {}


@pytest.mark.parametrize("text", ["", "python: not found", "python:[]", 'python:{"packages": 1}'])
def test_an_image_without_a_python_that_answers_is_named(text):
    with pytest.raises(UpstreamFailed, match="The Python of the image bare:1"):
        ImagePython.parse(text, "bare:1")
