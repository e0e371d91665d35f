import codecs

import pytest

from oduflow.domain.errors import Invalid
from oduflow.services.environments.requirement_files import MAX_FILES, read_requirements

OWNER = "extra repo web's"


def write(checkout, **files):
    for name, text in files.items():
        path = checkout / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def lines(checkout):
    found = read_requirements(checkout, OWNER)
    return found and found.lines()


def refusal(checkout):
    with pytest.raises(Invalid) as refused:
        read_requirements(checkout, OWNER)
    return refused.value.message


def test_no_file_and_an_empty_one_ask_for_nothing(tmp_path):
    assert lines(tmp_path / "absent") is None
    assert lines(tmp_path) is None
    write(tmp_path, requirements_txt="# nothing\n")
    assert lines(tmp_path) is None


def test_the_file_for_oduflow_is_read_in_place_of_the_other_even_if_that_is_refused(tmp_path):
    write(tmp_path, requirements_txt="-e .", **{".oduflow__requirements_txt": "six"})

    found = read_requirements(tmp_path, OWNER)

    assert found is not None
    assert (found.source, found.lines()) == ("extra repo web's .oduflow/requirements.txt", ("six",))
    write(tmp_path, **{".oduflow__requirements_txt": ""})
    assert lines(tmp_path) is None


def test_includes_are_relative_to_their_file_and_constraints_install_nothing(tmp_path):
    write(
        tmp_path,
        requirements_txt="-r requirements/prod.txt\n--pre\nsix",
        requirements__prod_txt="-c limits.txt\n-r ../base.txt\nlxml",
        requirements__limits_txt="six<2",
        base_txt="polib",
    )

    assert lines(tmp_path) == ("--pre", "polib", "lxml", "six", "-c six<2")


def test_one_hash_means_that_all_of_the_file_need_one(tmp_path):
    write(tmp_path, requirements_txt=f"six\nlxml==1 --hash=sha256:{'0' * 64}")

    found = read_requirements(tmp_path, OWNER)

    assert found is not None
    assert found.options == ("--require-hashes",)


def test_files_that_include_each_other_are_read_once(tmp_path):
    write(tmp_path, requirements_txt="-r a.txt\nsix", a_txt="-r requirements.txt\nlxml")

    assert lines(tmp_path) == ("lxml", "six")


def test_a_chain_of_includes_ends(tmp_path):
    write(tmp_path, requirements_txt="-r 0.txt")
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt")

    assert "includes too many files" in refusal(tmp_path)


def test_a_link_inside_the_checkout_is_followed(tmp_path):
    write(tmp_path, docs__all_txt="six")
    (tmp_path / "requirements.txt").symlink_to("docs/all.txt")

    assert lines(tmp_path) == ("six",)


@pytest.mark.parametrize(
    ("text", "link", "message"),
    [
        ("-r ../other.txt", "", "line 1, includes “../other.txt”, which leads out of the"),
        ("six\n-c /etc/x.txt", "", "line 2, includes “/etc/x.txt”, which leads out of the"),
        ("-r linked.txt", "/etc/hostname", "line 1, includes “linked.txt”, which leads out of the"),
        ("-r none.txt", "", "line 1, includes “none.txt”, which does not exist"),
        ("", "/etc/hostname", "requirements.txt leads out of the repository"),
        ("", "none.txt", "requirements.txt is a link to a file that does not exist"),
    ],
)
def test_what_leads_out_or_nowhere_is_told_with_its_place(tmp_path, text, link, message):
    if text:
        write(tmp_path, requirements_txt=text)
    if link:
        (tmp_path / ("linked.txt" if text else "requirements.txt")).symlink_to(link)

    assert refusal(tmp_path).startswith("Extra repo web's requirements.txt")
    assert message in refusal(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        "six  # é".encode(),
        codecs.BOM_UTF8 + b"six",
        codecs.BOM_UTF16_LE + "six".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "six".encode("utf-16-be"),
        "six".encode("utf-32"),
        b"# caf\xe9\nsix",
    ],
)
def test_every_encoding_that_says_so_is_read(tmp_path, raw):
    write(tmp_path, requirements_txt=raw)

    assert lines(tmp_path) == ("six",)


def test_utf_16_without_a_mark_is_named(tmp_path):
    write(tmp_path, requirements_txt="six".encode("utf-16-le"))

    assert "is not UTF-8: it looks like UTF-16" in refusal(tmp_path)


def test_a_refused_line_of_an_included_file_names_that_file(tmp_path):
    write(tmp_path, requirements_txt="-r sub/a.txt", sub__a_txt="six\n-e .")

    assert refusal(tmp_path).startswith("Extra repo web's sub/a.txt, line 2, is not allowed")
