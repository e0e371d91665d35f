"""The sample addons as a git repository, for the first environment."""

import shutil
from pathlib import Path

from oduflow.adapters.git.calls import call
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.invocation import GitInvocation, RepositoryPaths, local_invocation
from oduflow.adapters.git.limits import AbortCheck
from oduflow.domain.errors import UpstreamFailed

BRANCH = "main"

_REF = f"refs/heads/{BRANCH}"
_SECONDS = 60.0
_COMPILED = "__pycache__/\n*.py[co]\n"  # pip compiles package data too
_SIGNED = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (
        ("NAME", "Oduflow"),
        ("EMAIL", "sample@oduflow.invalid"),
        ("DATE", "2026-01-01T00:00:00Z"),
    )
}


def publish(addons_dir: Path, bare: Path) -> str:
    """Commit a folder of addons to branch main of a bare repository.

    A second call with the same addons changes nothing; with other addons, of a newer version of the
    product, it adds a commit. Author and date are fixed, so that the same addons give the same
    commit everywhere. A damaged repository is made anew.

    Args:
        addons_dir: becomes the root of the branch; compiled Python files are left out.
        bare: the repository; made when missing.

    Returns:
        The newest commit of main.

    Raises:
        UpstreamFailed: git is not installed, or the disk cannot be written.
    """
    try:
        try:
            return _publish(addons_dir, bare)
        except GitFailed:
            shutil.rmtree(bare, ignore_errors=True)
            return _publish(addons_dir, bare)
    except (GitFailed, OSError) as cause:
        raise UpstreamFailed(
            "The sample addons cannot be published.", "Run `oduflow doctor`: it checks the disk."
        ) from cause


def _publish(addons_dir: Path, bare: Path) -> str:
    bare.mkdir(parents=True, exist_ok=True)
    repository = local_invocation(RepositoryPaths(bare))
    _git(repository, "init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}")
    tree = _write_tree(addons_dir, bare)
    head = _git(repository, "for-each-ref", "--format=%(objectname) %(tree)", _REF)
    parent, _, published = head.partition(" ")
    if published != tree:
        ancestry = ("-p", parent) if parent else ()
        signed = GitInvocation(repository.options, {**repository.environment, **_SIGNED})
        parent = _git(signed, "commit-tree", *ancestry, "-m", "Sample addons", tree)
        _git(repository, "update-ref", _REF, parent)
    return parent


def _write_tree(addons_dir: Path, bare: Path) -> str:
    (bare / "info").mkdir(exist_ok=True)
    (bare / "info" / "exclude").write_text(_COMPILED)
    (bare / "index").unlink(missing_ok=True)
    checkout = local_invocation(RepositoryPaths(bare, addons_dir))
    # File modes depend on pip, and the commit must be the same on every machine.
    _git(checkout, "-c", "core.fileMode=false", "add", "--all")
    return _git(checkout, "write-tree")


def _git(settings: GitInvocation, *arguments: str) -> str:
    return call(arguments, settings, AbortCheck("publishing the sample addons", _SECONDS))
