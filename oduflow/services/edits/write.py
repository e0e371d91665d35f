"""Write and delete files of an environment's checkout."""

from oduflow.domain.counting import binary_size
from oduflow.domain.environment import Environment
from oduflow.domain.errors import QuotaReached
from oduflow.domain.files import DeleteFile, FileChange, WriteFile
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.text_edits import replaced
from oduflow.files.private import writing
from oduflow.services.deps import Deps
from oduflow.services.edits.places import FilePlace, writable_place
from oduflow.services.environments.unfinished import refuse_unfinished
from oduflow.services.room import require_room

WRITTEN_BYTES = 4 << 20


def write_file(deps: Deps, row: Environment, args: WriteFile) -> Outcome[FileChange]:
    """Write a file whole, or replace one text in it.

    Raises:
        Conflict: the text to replace is not there exactly once.
        Invalid: the path may not be written.
        NotFound: there is no file in which to replace.
        QuotaReached: the file is too large, or there is no room.
    """
    refuse_unfinished(deps, row)
    place = writable_place(deps.naming, deps.git.repositories, row, args.path)
    content = _content(place, args)
    if len(content) > WRITTEN_BYTES:
        raise QuotaReached(
            f"{place.path} would have {binary_size(len(content))}, and may have "
            f"{binary_size(WRITTEN_BYTES)}.",
            "Commit such a file with git.",
        )
    require_room(deps, row.team, f"Writing {place.path}", staging=len(content))
    plan = EnvironmentPlan.of(deps.naming, row)
    with writing():
        created = place.tree.write(place.parts, content, plan.folder / "edit.new")
    done = "is written as a new file" if created else "is written"
    return Outcome(
        FileChange(path=place.path, size=len(content), created=created),
        f"{place.path} {done}, {len(content):,} bytes.",
    )


def delete_file(deps: Deps, row: Environment, args: DeleteFile) -> Outcome[FileChange]:
    """Delete a file, or a link itself.

    Raises:
        Invalid: the path is a folder, or may not be written.
        NotFound: it does not exist.
    """
    refuse_unfinished(deps, row)
    place = writable_place(deps.naming, deps.git.repositories, row, args.path)
    with writing():
        place.tree.delete(place.parts)
    return Outcome(FileChange(path=place.path, size=0), f"{place.path} is deleted.")


def _content(place: FilePlace, args: WriteFile) -> bytes:
    if args.content is not None:
        return args.content.encode()
    before = place.tree.read(place.parts, WRITTEN_BYTES)
    return replaced(place.path, before, args.old or "", args.new or "")
