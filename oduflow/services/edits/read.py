"""Read, list and search the files of an environment's repositories."""

from itertools import accumulate

from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.git.search import FILE_BYTES, Found, Question
from oduflow.adapters.git.search import search_files as search
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Invalid
from oduflow.domain.file_paths import matches
from oduflow.domain.files import (
    FileList,
    FileMatch,
    FileMatches,
    FilePage,
    ListFiles,
    ReadFile,
    SearchFiles,
)
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import Naming
from oduflow.domain.text_edits import cautions, cut_lines, is_binary, page_of_file
from oduflow.files.contents import HEAD_BYTES, recognise
from oduflow.services.edits.places import readable_place

READ_BYTES = 8 << 20  # of the largest file that is shown
SHOWN_CHARACTERS = 20_000
MOST_MATCHES = 200
SEARCH_SECONDS = 15.0


def read_file(naming: Naming, row: Environment, args: ReadFile) -> Outcome[FilePage]:
    """Return lines of a text file, and the call for the following ones.

    Raises:
        Invalid: the path is none of a regular text file, or the file is too large.
        NotFound: it does not exist.
    """
    place = readable_place(naming, row, args.path)
    if not place.parts:
        raise Invalid("The root of the repository is a folder.", "Name a file in it.")
    content = place.tree.read(place.parts, READ_BYTES)
    if is_binary(content):
        what = recognise(content[:HEAD_BYTES])
        raise Invalid(
            f"{place.path} is a binary file of {binary_size(len(content))}: {what}.",
            "Only text is shown.",
        )
    page = page_of_file(place.path, content, args.offset, args.limit)
    following = page.first + page.lines
    asked = page.total if args.limit is None else min(page.total, page.first + args.limit - 1)
    truncated = following <= asked
    more = Next.of(
        "read_file", "shows the following lines", name=row.name, path=args.path, offset=following
    )
    last = following - 1
    return Outcome(
        page,
        f"Lines {page.first} to {last} of {page.total} of {place.path}."
        if page.lines
        else f"{place.path} is empty.",
        warnings=(*cautions(place.path, content), *cut_lines(page)),
        next=(more,) if truncated else (),
        truncated=truncated or bool(cut_lines(page)),
    )


def list_files(naming: Naming, row: Environment, args: ListFiles) -> Outcome[FileList]:
    """Return the files below a folder that match.

    Raises:
        Conflict: there are too many files to look at.
        Invalid: the path is none in the repositories.
        NotFound: there is no such folder.
    """
    place = readable_place(naming, row, args.path)
    depth = len(place.parts)
    found = [
        f"{place.shown(entry.parts)} -> {entry.target}"
        if entry.target
        else place.shown(entry.parts)
        for entry in place.tree.files(place.parts)
        if not args.glob or matches(entry.parts[depth:] or entry.parts[-1:], args.glob)
    ]
    shown = tuple(found[: _fitting(found)])
    truncated = len(shown) < len(found)
    return Outcome(
        FileList(total=len(found), files=shown),
        f"{counted(len(found), 'file')}{', of which a part is shown' if truncated else ''}.",
        output="\n".join(found) if truncated else "",
        truncated=truncated,
    )


def search_files(
    naming: Naming, repositories: GitRepositories, row: Environment, args: SearchFiles
) -> Outcome[FileMatches]:
    """Return the lines of files that have a text, or that a regular expression finds.

    Raises:
        Busy: the team's searches and git calls take all of its places.
        Invalid: the path or the regular expression is none.
        NotFound: there is no such folder.
    """
    place = readable_place(naming, row, args.path)
    next(place.tree.files(place.parts), None)  # raises for a wrong folder before a process starts
    question = Question(
        place.tree.root, place.parts, args.pattern, args.regex, args.glob, MOST_MATCHES + 1
    )
    with repositories.place(row.team):
        found = search(question, SEARCH_SECONDS)
    lines = [
        FileMatch(path=place.shown((path,)), line=number, text=text)
        for path, number, text in found.lines[:MOST_MATCHES]
    ]
    shown = tuple(lines[: _fitting([f"{each.path}{each.text}" for each in lines])])
    truncated = len(shown) < len(found.lines)
    return Outcome(
        FileMatches(matches=shown),
        f"{'At least ' if truncated or not found.complete else ''}"
        f"{counted(len(shown), 'line')} with it.",
        warnings=_cautions(found, truncated=truncated),
        truncated=truncated,
    )


def _cautions(found: Found, *, truncated: bool) -> tuple[str, ...]:
    told = []
    if truncated:
        told.append("There are more; search for less, below a folder, or with a glob.")
    if not found.in_time:
        told.append(
            f"It was stopped after {SEARCH_SECONDS:g} seconds: simplify the pattern, or search "
            "below a folder."
        )
    if found.skipped:
        told.append(
            f"{counted(found.skipped, 'file')} larger than {binary_size(FILE_BYTES)} "
            "or unreadable were left out."
        )
    return tuple(told)


def _fitting(texts: list[str]) -> int:
    """Return how many of the first texts fit into an answer."""
    ends = accumulate(len(text) + 1 for text in texts)
    return sum(1 for end in ends if end <= SHOWN_CHARACTERS)
