from pathlib import Path

from oduflow.files.regular import read_regular


def test_only_regular_files_within_the_limit_are_read(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("12345")
    (tmp_path / "link").symlink_to(plain)

    assert read_regular(plain, 5) == "12345"
    assert read_regular(plain, 4) is None
    assert read_regular(tmp_path / "link", 5) is None
    assert read_regular(tmp_path / "absent", 5) is None
    assert read_regular(tmp_path, 5) is None
    assert read_regular(Path("/dev/zero"), 5) is None
