"""Git servers in memory; what is read from them is written into real folders."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from oduflow.adapters.git.branches import check_branch, similar
from oduflow.adapters.git.credentials.entries import Entry
from oduflow.adapters.git.credentials.private_urls import read_private_url
from oduflow.adapters.git.failures import AccessRefused
from oduflow.adapters.git.heads import RemoteHead
from oduflow.adapters.git.urls import RemoteUrl, parse_url
from oduflow.domain.commits import CommitLine
from oduflow.domain.errors import Cancelled, Conflict, NotFound
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor
from tests.support.memory.edits import MemoryEdits
from tests.support.memory.states import MemoryStates

HOST = "git.example.com"

Files = Mapping[str, str]


@dataclass
class MemoryRepository:
    """One repository: the files of each commit, the commit of each branch."""

    default: str
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, str]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)


@dataclass
class MemoryGitServer:
    """Repositories by URL; the members that tests use are those of `git_server.GitServer`."""

    repositories: dict[str, MemoryRepository] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"https://{HOST}/{path}"

    def repository(self, name: str, branches: Mapping[str, Files], *, default: str = "main") -> str:
        """Make or extend a repository by one commit a branch; return its URL."""
        url = self.url(f"public/{name}.git")
        made = self.repositories.setdefault(url, MemoryRepository(default))
        for branch, files in branches.items():
            told = json.dumps([made.branches.get(branch, ""), branch, dict(files)])
            commit = hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()
            made.parents[commit] = made.branches.get(branch, "")
            made.branches[branch] = commit
            made.commits[commit] = dict(files)
        return url

    def commit(self, name: str, branch: str) -> str:
        return self.repositories[self.url(f"public/{name}.git")].branches[branch]

    def forget(self, name: str, branch: str) -> None:
        del self.repositories[self.url(f"public/{name}.git")].branches[branch]


class MemoryGit:
    """Has the methods of `adapters.git.repository.GitRepositories`."""

    def __init__(self, server: MemoryGitServer) -> None:
        self._server = server

    def check_git(self) -> str:
        return "git in memory"

    def clean_url(self, url: str) -> str:
        return self.remote(url).stored

    def remote(self, url: str) -> RemoteUrl:
        return parse_url(url, (HOST,))

    def resolve_branch(
        self, url: str, branch: str | None, *, team: str, monitor: ProgressMonitor | None = None
    ) -> RemoteHead:
        if branch is not None:
            check_branch(branch)
        if monitor is not None and monitor.cancelled():
            raise Cancelled("Stopped on request.")
        found = self._get(url)
        wanted = branch or found.default
        if wanted in found.commits:
            return RemoteHead(wanted, wanted, wanted)
        if wanted not in found.branches:
            others = similar(wanted, found.branches)
            raise NotFound(
                f"{url} has no branch or tag {wanted}.",
                f"Did you mean: {', '.join(others)}?" if others else "It has no branches.",
            )
        return RemoteHead(wanted, found.branches[wanted], f"refs/heads/{wanted}")

    def count_commits(self, url: str, source: str, *, since: str, team: str) -> int | None:
        found = self._get(url)
        parents, at, count = found.parents, found.branches[source.removeprefix("refs/heads/")], 0
        while at and at != since:
            at, count = parents[at], count + 1
        return count if at else None

    def list_commits(
        self, url: str, source: str, *, since: str, team: str, most: int
    ) -> tuple[CommitLine, ...] | None:
        found, lines = self._get(url), list[CommitLine]()
        at = found.branches.get(source.removeprefix("refs/heads/"), source)
        while at and at != since:
            lines.append(CommitLine(commit=at, subject="Change"))
            at = found.parents.get(at, "")
        return tuple(lines[:most]) if at else None

    def read_private_url(self, url: str, path: str | None) -> tuple[RemoteUrl, Entry]:
        return read_private_url(url, path, (HOST,))

    def prove(self, remote: RemoteUrl, entry: Entry, *, team: str) -> bool:
        if remote.clean in self._server.repositories:
            return False
        raise AccessRefused(f"{remote.host} does not let it in.")

    def checkout(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        commit, files = self._download(url, branch, monitor)
        git_dir.mkdir(parents=True, exist_ok=True)
        work_tree.mkdir(parents=True, exist_ok=True)
        for left in work_tree.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        _write(files, work_tree)
        MemoryEdits(git_dir, work_tree).learn(commit, files, "")
        MemoryEdits(git_dir, work_tree).adopt(commit)
        return commit

    def fetch_commit(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        commit, files = self._download(url, branch.removeprefix("refs/heads/"), monitor)
        MemoryEdits(git_dir, work_tree).learn(commit, files, "")
        return commit

    def fill_submodules(
        self,
        url: str,
        *,
        team: str,
        git_dir: Path,
        work_tree: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> None:
        pass

    def states(
        self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED
    ) -> MemoryStates:
        return MemoryStates(git_dir, files)

    def edits(
        self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED
    ) -> MemoryEdits:
        return MemoryEdits(git_dir, files)

    def head(self, url: str, branch: str, *, team: str) -> tuple[str, str]:
        found = self._get(url)
        return found.default, found.branches.get(branch, "")

    def push(
        self,
        url: str,
        commit: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> None:
        if monitor.cancelled():
            raise Cancelled("Stopped on request.")
        found, made = self._get(url), MemoryEdits(git_dir, Path()).commit_of(commit)
        if found.branches.get(branch, commit) not in {commit, made["parent"]}:
            raise Conflict(
                f"{branch} on {HOST} has commits that the environment does not have.",
                "Push to another branch.",
            )
        found.commits[commit], found.parents[commit] = made["files"], made["parent"]
        found.branches[branch] = commit

    def fetch(
        self,
        url: str,
        branch: str,
        *,
        team: str,
        git_dir: Path,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> str:
        commit, files = self._download(url, branch, monitor)
        self.copy(git_dir).keep(branch, commit, files)
        return commit

    def work_tree(
        self, git_dir: Path, files: Path, monitor: ProgressMonitor = UNWATCHED
    ) -> "MemoryWorkTree":
        return MemoryWorkTree(git_dir, files)

    @contextmanager
    def place(
        self, team: str, monitor: ProgressMonitor | None = None, *, seconds: float | None = None
    ) -> Iterator[None]:
        yield

    def copy(self, git_dir: Path, monitor: ProgressMonitor = UNWATCHED) -> "MemoryCopy":
        return MemoryCopy(git_dir)

    def _download(
        self, url: str, branch: str, monitor: ProgressMonitor
    ) -> tuple[str, dict[str, str]]:
        check_branch(branch)
        found = self._get(url)
        if branch in found.commits:
            return branch, found.commits[branch]
        if branch not in found.branches:
            self.resolve_branch(url, branch, team="")
        monitor.on_progress("Receiving objects: 100%")
        if monitor.cancelled():
            raise Cancelled("Stopped on request.")
        commit = found.branches[branch]
        return commit, found.commits[commit]

    def _get(self, url: str) -> MemoryRepository:
        found = self._server.repositories.get(self.remote(url).clean)
        if found is None:
            raise NotFound(f"There is no repository {url}.", "Check its address.")
        return found


@dataclass(frozen=True)
class MemoryCopy:
    """Has the methods of `adapters.git.shared_store.SharedStore` that services call."""

    git_dir: Path

    def keep(self, branch: str, commit: str, files: Files) -> None:
        """Add a commit, which its branch is at from now on."""
        kept = self._kept()
        kept["files"][commit] = dict(files)
        kept["branches"][branch] = commit
        self._write(kept)

    def holds(self, commit: str) -> bool:
        return commit in self._kept()["files"]

    def check_out(self, commit: str, work_tree: Path) -> None:
        if not self.holds(commit):
            raise NotFound("The copy of the extra repo is damaged; it will be fetched again.")
        work_tree.mkdir(parents=True)
        _write(self._kept()["files"][commit], work_tree)

    def tidy(self) -> None:
        kept = self._kept()
        current = kept["branches"].values()
        kept["files"] = {each: kept["files"][each] for each in current}
        self._write(kept)

    def _kept(self) -> dict[str, dict]:  # type: ignore[type-arg]
        there = self._file.is_file()
        return json.loads(self._file.read_text()) if there else {"files": {}, "branches": {}}

    def _write(self, kept: dict[str, dict]) -> None:  # type: ignore[type-arg]
        self.git_dir.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(kept))

    @property
    def _file(self) -> Path:
        return self.git_dir / "copy.json"


@dataclass(frozen=True)
class MemoryWorkTree:
    """Has the methods of `adapters.git.work_trees.WorkTree`."""

    git_dir: Path
    files: Path

    def keep(self, name: str, commit: str) -> str:
        self.forget(name)
        shutil.copytree(self.files, self.git_dir / "kept" / name, symlinks=True)
        return name

    def restore(self, kept: str, commit: str) -> None:
        if not (self.git_dir / "kept" / kept).is_dir():
            MemoryStates(self.git_dir, self.files).restore(kept, commit)
            return
        for left in self.files.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.copytree(self.git_dir / "kept" / kept, self.files, symlinks=True, dirs_exist_ok=True)
        MemoryEdits(self.git_dir, self.files).adopt(commit)

    def holds(self, kept: str, commit: str) -> bool:
        return _read(self.files) == _read(self.git_dir / "kept" / kept)

    def become_copy(self, kept: str, commit: str) -> None:
        self.restore(kept, commit)
        shutil.rmtree(self.git_dir / "kept")

    def forget(self, name: str) -> None:
        shutil.rmtree(self.git_dir / "kept" / name, ignore_errors=True)


def _read(folder: Path) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if not path.is_dir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _write(files: Files, folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
