"""A checkout with git's own folder beside it, made without a server."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oduflow.adapters.git.edits import Edits
from oduflow.adapters.git.git_folder import GitFolder
from oduflow.adapters.git.limits import RepositoryLimits
from oduflow.domain.progress_monitor import UNWATCHED


@dataclass
class LocalCheckout:
    """A commit that is checked out.

    Attributes:
        git_dir: git's own folder.
        files: the checkout.
        commit: its commit.
    """

    git_dir: Path
    files: Path
    commit: str

    @classmethod
    def of(cls, folder: Path, files: Mapping[str, str | bytes]) -> "LocalCheckout":
        """Make a repository of one commit."""
        made = cls(folder / "git", folder / "checkout", "")
        made.git_dir.mkdir(parents=True)
        made.files.mkdir()
        made.git("init", "--quiet", "--template=")
        made.put(files)
        made.commit = made.commit_all()
        return made

    @property
    def edits(self) -> Edits:
        """Its edits, as the product opens them."""
        return Edits(GitFolder(self.git_dir, RepositoryLimits(), UNWATCHED), self.files)

    def put(self, files: Mapping[str, str | bytes]) -> None:
        """Write files."""
        for path, content in files.items():
            file = self.files / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit_all(self) -> str:
        """Commit every file and check the commit out."""
        self.git("add", "--all", "--force", ".")
        tree = self.git("write-tree")
        made = self.git("commit-tree", tree, "-m", "first")
        self.git("update-ref", "--no-deref", "HEAD", made)
        self.git("update-index", "-q", "--refresh")
        return made

    def tree(self) -> dict[str, str]:
        """Return the text of every file by path; a link's target."""
        return {
            str(path.relative_to(self.files)): f"-> {path.readlink()}"
            if path.is_symlink()
            else path.read_text(errors="replace")
            for path in sorted(self.files.rglob("*"))
            if path.is_symlink() or path.is_file()
        }

    def git(self, *arguments: str) -> str:
        """Run git and return its output."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "EMAIL": "test@example.com",
        }
        paths = (f"--git-dir={self.git_dir}", f"--work-tree={self.files}")
        answer = subprocess.run(
            ["git", *paths, *arguments],
            cwd=self.files,
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        return answer.stdout.decode().strip()
