import pytest

from oduflow.domain.errors import Invalid
from oduflow.domain.requirements import parse_requirements

DIGEST = "0123456789abcdef" * 4


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
    assert parse_requirements(line) == (line,)


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

    assert parse_requirements(line) == (line,)


def test_comments_and_continuations_are_resolved():
    text = (
        "\ufeff# -*- coding: utf-7 -*-\r\n\n  requests==2.0  # why\n"
        f"crypto==1 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{DIGEST}\n"
    )

    requests, crypto = parse_requirements(text)

    assert requests == "requests==2.0"
    assert crypto.split() == ["crypto==1", *[f"--hash=sha256:{DIGEST}"] * 2]


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://evil.example/simple",
        "-i https://evil.example/simple",
        "--no-binary=:all:",
        "  --no-binary :all:",
        "-r other.txt",
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
    with pytest.raises(Invalid, match="line that is not allowed"):
        parse_requirements(text)


def test_the_refused_line_is_named_and_shortened():
    with pytest.raises(Invalid) as refused:
        parse_requirements("fine\n--no-binary=\x07" + "x" * 1000)

    assert "“--no-binary=xxx" in refused.value.message
    assert len(refused.value.message) < 200


def test_an_empty_file_asks_for_nothing():
    assert parse_requirements("") == ()
    assert parse_requirements("\n# nothing\n") == ()
