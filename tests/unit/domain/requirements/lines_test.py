import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.requirements.lines import Include, Option, Requirement, parse_requirements

DIGEST = "0123456789abcdef" * 4


def for_pip(text: str) -> list[str]:
    return [line.for_pip() for line in parse_requirements(text) if isinstance(line, Requirement)]


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "zope.interface",
        "requests==2.32.0",
        "requests >= 2.8.1, == 2.8.*, != 2.9",
        "requests~=2.0",
        "requests===2.0+local.1",
        "requests (>=2.0)",
        "requests[security,tests]>=2",
        "requests; python_version < '3.12' and (sys_platform == \"linux\")",
        f"requests==2.32.0 --hash=sha256:{DIGEST} --hash=sha512:{DIGEST}",
        f"requests==2.32.0 ; python_version>='3' --hash=sha256:{DIGEST}",
    ],
)
def test_names_with_versions_are_taken(line):
    (found,) = parse_requirements(line)

    assert isinstance(found, Requirement)
    assert found.place == "requirements.txt, line 1"
    assert for_pip(found.for_pip()) == [found.for_pip()]
    assert (DIGEST in found.for_pip()) == (DIGEST in line)


@pytest.mark.timeout(30)  # minutes where a pattern takes the square of a line's length
@pytest.mark.parametrize("worst", ["a<{}$", "x{}x", "a;{}$", "a[{}$"])
def test_a_line_of_gaps_is_refused_at_once(worst):
    with pytest.raises(Invalid):
        parse_requirements(worst.format(" " * 64_000))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("long", ["a" + ".-" * 30_000 + "$", "a<" + "1 " * 30_000 + "$", "a" * 501])
def test_a_line_longer_than_any_requirement_is_refused(long):
    with pytest.raises(Invalid, match="more than 500 characters"):
        parse_requirements(long)


def test_hashes_do_not_count_as_length():
    line = "numpy==2 " + " ".join([f"--hash=sha256:{DIGEST}"] * 80)

    assert for_pip(line)[0].count(DIGEST) == 80


def test_comments_and_continuations_are_resolved():
    text = (
        "# -*- coding: utf-7 -*-\r\n\n  requests==2.0  # why\n"
        f"crypto==1 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{DIGEST}\n"
    )

    requests, crypto = for_pip(text)

    assert requests == "requests==2.0"
    assert crypto.split() == ["crypto==1", *[f"--hash=sha256:{DIGEST}"] * 2]


def test_a_refused_line_is_found_by_the_number_where_it_begins():
    with pytest.raises(Invalid, match=r"^Shop's r\.txt, line 4, is not allowed: “b -e”\.$"):
        parse_requirements("# one\na \\\n\nb \\\n -e", "shop's r.txt")


@pytest.mark.parametrize("index", ["", "https://pypi.lan/simple"])
@pytest.mark.parametrize(
    "line",
    [
        "-i {}",
        "-i{}/",
        "--index-url {}",
        "--index-url={}/",
        "--extra-index-url '{}'",
    ],
)
def test_the_configured_index_may_be_named(line, index):
    text = line.format(index or "https://PyPI.org/simple")

    assert parse_requirements(text, index=index) == ()


def test_pypi_may_be_named_where_a_mirror_is_configured_but_no_mirror_where_pypi_is():
    for pypi in ("https://pypi.org/simple", "https://pypi.python.org/simple/"):
        assert parse_requirements(f"-i {pypi}", index="https://pypi.lan/simple") == ()
    with pytest.raises(Invalid, match="not the configured index"):
        parse_requirements("-i https://pypi.lan/simple")


@pytest.mark.parametrize(
    ("line", "included"),
    [
        ("-r base.txt", Include("base.txt", constraint=False, place="requirements.txt, line 1")),
        ("-rbase.txt", Include("base.txt", constraint=False, place="requirements.txt, line 1")),
        (
            "--requirement=a/b.txt",
            Include("a/b.txt", constraint=False, place="requirements.txt, line 1"),
        ),
        ("-c ../c.txt", Include("../c.txt", constraint=True, place="requirements.txt, line 1")),
        ("--constraint c.txt", Include("c.txt", constraint=True, place="requirements.txt, line 1")),
    ],
)
def test_includes_are_told_from_constraints(line, included):
    assert parse_requirements(line) == (included,)


def test_options_that_choose_no_source_are_passed_on_or_needless():
    text = "--pre\n--prefer-binary\n--require-hashes"

    assert parse_requirements(text) == (Option("--pre"), Option("--require-hashes"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e .", "editable packages are not installed"),
        ("--editable=git+https://git.lan/x", "editable packages are not installed"),
        ("git+https://git.lan/x.git", "URLs are not installed"),
        ("x @ https://git.lan/x.whl", "URLs are not installed"),
        ("./x", "paths are not installed"),
        ("/srv/x.whl", "paths are not installed"),
        (".", "paths are not installed"),
        ("--extra-index-url https://other.lan", "it is not the configured index"),
    ],
)
def test_a_refusal_says_what_the_line_is(line, reason):
    with pytest.raises(Invalid) as refused:
        parse_requirements(line)

    assert refused.value.message.endswith(f" ({reason}).")
    assert "oduflow.toml" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://evil.example/simple",
        "-i https://evil.example/simple",
        "--no-binary=:all:",
        "  --no-binary :all:",
        "-r",
        "-e .",
        "\\\n--no-binary=:all:",
        "requests \\\n  --global-option=x",
        "requests==1 --config-settings=a=b",
        "requests; python_version > '3' --config-settings=a=b",
        "# a comment \\\n--no-binary=:all:",
        "requests\x0c--no-binary=:all:",
        "requests\u2028--no-binary=:all:",
        f"requests --hash=sha256:{DIGEST} --no-binary=:all:",
        "requests --hash=md5:00",
        "requests @ file:///etc",
        "requests @ https://evil.example/x.whl",
        "git+https://evil.example/x.git",
        "https://evil.example/x.zip",
        "./local",
        "/etc",
        "file:x",
        "${HOME}",
        "requests==${X}",
        "réquests",
    ],
)
def test_what_steers_pip_is_refused(text):
    with pytest.raises(Invalid, match="is not allowed"):
        parse_requirements(text)


def test_the_refused_line_is_named_and_shortened():
    with pytest.raises(Invalid) as refused:
        parse_requirements("fine\n--no-binary=\x07" + "x" * 1000)

    assert "“--no-binary=xxx" in refused.value.message
    assert len(refused.value.message) < 250


def test_an_empty_file_asks_for_nothing():
    assert parse_requirements("") == ()
    assert parse_requirements("\n# nothing\n") == ()
