import pytest

from oduflow.domain.errors import Conflict, Invalid, NotFound
from oduflow.services.edits import changes

ORDER = "sale/models/order.py"


def test_without_edits_there_is_no_diff(process, row):
    shown = process.call("diff_edits", name="sale")

    assert shown.data.model_dump() == {"commit": row.commit, "files": (), "diff": ""}
    assert shown.summary == f"Edits in 0 files of sale since {row.commit[:12]}."


def test_edits_are_files_and_a_diff(process):
    edit(process)

    shown = process.call("diff_edits", name="sale")

    assert kinds(shown.data) == {"README.md": "deleted", ORDER: "changed", "new.py": "added"}
    assert "-a = 1\n+a = 11\n" in shown.data.diff
    assert (shown.truncated, shown.output) == (None, None)
    assert kinds(process.ok("diff_edits", name="sale", paths=["sale"])) == {ORDER: "changed"}
    assert kinds(process.ok("diff_edits", name="sale", paths=["."])) == kinds(shown.data)


def test_a_long_diff_is_cut_at_a_line_and_kept_whole(process):
    process.ok("write_file", name="sale", path="new.py", content="x = 1\n" * 50_000)

    shown = process.call("diff_edits", name="sale")

    assert shown.truncated
    assert len(shown.data.diff) <= changes.SHOWN_CHARACTERS
    assert shown.data.diff.endswith("\n+x = 1")
    whole = process.ok("read_output", handle=shown.output, lines="1-3")
    assert whole.text.startswith("added new.py\n\n")
    assert whole.total > 50_000


@pytest.mark.parametrize("tool", ["diff_edits", "discard_edits", "commit_and_push"])
def test_a_path_outside_of_the_repository_is_refused(process, tool):
    more = {"message": "x"} if tool == "commit_and_push" else {}
    edit(process)

    refusal = process_error(process, tool, name="sale", paths=["../x"], **more)

    assert "may not contain" in refusal.message


def test_discarded_edits_are_gone_and_the_answer_has_the_call_that_brings_them_back(
    process, checkout
):
    edit(process)

    shown = process.call("discard_edits", name="sale", paths=["sale", "README.md"])

    assert kinds(shown.data) == {"README.md": "deleted", ORDER: "changed"}
    assert (checkout / ORDER).read_text().startswith("a = 1\n")
    assert kinds(process.ok("diff_edits", name="sale")) == {"new.py": "added"}
    undo = shown.next[0]
    assert "+a = 11" in process.ok("read_output", handle=shown.output).text
    back = process.call(undo.operation, **undo.arguments)
    assert kinds(back.data) == {"README.md": "deleted", ORDER: "changed"}
    assert back.summary == "Edits in 2 files of sale are back."
    assert (checkout / ORDER).read_text().startswith("a = 11\n")


def test_nothing_to_discard_or_bring_back_is_told(process):
    with pytest.raises(NotFound, match="sale has no edits"):
        process.call("discard_edits", name="sale")
    edit(process)
    with pytest.raises(NotFound, match="no edits in sale/views"):
        process.call("discard_edits", name="sale", paths=["sale/views"])
    with pytest.raises(Conflict, match="No discarded edits"):
        process.call("discard_edits", name="sale", undo=True)
    with pytest.raises(Conflict, match="together"):
        process.call("discard_edits", name="sale", undo=True, paths=["sale"])


def edit(process):
    process.ok("write_file", name="sale", path=ORDER, old="a = 1\n", new="a = 11\n")
    process.ok("write_file", name="sale", path="new.py", content="c = 3\n")
    process.ok("delete_file", name="sale", path="README.md")


def kinds(view):
    return {each.path: str(each.kind) for each in view.files}


def process_error(process, tool, **raw):
    try:
        return process.refused(tool, **raw)
    except Invalid as refusal:
        return refusal
