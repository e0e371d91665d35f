from pathlib import Path

from oduflow.settings.problems import BadSettings, NoSettings, Report, SettingsProblem


def test_a_problem_reads_as_a_sentence():
    problem = SettingsProblem(3, "server.port", "0", "must be a port", "Write 8000.")
    assert str(problem) == "line 3: server.port = 0 must be a port. Write 8000."


def test_a_problem_of_the_whole_file_has_no_key():
    assert str(SettingsProblem(None, "", "", "This is not TOML", "")) == "This is not TOML."


def test_the_error_names_the_file_and_one_problem_a_line():
    problem = SettingsProblem(1, "a", "1", "is wrong", "")
    error = BadSettings([problem, problem], Path("/etc/oduflow.toml"))
    assert str(error).splitlines() == [
        "/etc/oduflow.toml cannot be used:",
        "line 1: a = 1 is wrong.",
        "line 1: a = 1 is wrong.",
    ]


def test_a_missing_file_names_every_place():
    told = str(NoSettings([Path("/a"), Path("/b")]))
    assert "at /a, /b. `oduflow serve` writes a fresh one" in told


def test_a_missing_key_is_named_with_the_line_of_its_table():
    report = Report("\n\n\n[team.1]\n")
    assert report.line(("team", "1", "auth_token")) == 4
    assert report.line(("server", "port")) is None


def test_one_place_has_one_problem():
    report = Report()
    report.refuse(("server", "port"), "is wrong")
    report.refuse(("server", "port"), "is missing")
    assert [problem.message for problem in report.problems()] == ["is wrong"]


def test_problems_without_a_line_come_last():
    report = Report("b = 1\n")
    report.refuse(("a",), "is wrong")
    report.refuse(("b",), "is wrong")
    assert [problem.key for problem in report.problems()] == ["b", "a"]


def test_an_odd_key_is_quoted():
    report = Report()
    report.refuse(("team", "a b\x1b"), "is wrong")
    assert report.problems()[0].key == 'team."a b\\u001b"'
