"""Where a path of a call leads: into the environment's checkout, or into an extra repo's."""

from dataclasses import dataclass

from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.odoo.addons_path import extra_target, repository_target
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Invalid
from oduflow.domain.file_paths import Parts, parts_of
from oduflow.domain.plan import EnvironmentPlan, ExtraRepoPlan, Naming
from oduflow.files.untrusted_tree import UntrustedTree


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A path in one of an environment's repositories.

    Attributes:
        tree: the checkout.
        parts: the path in it.
        mounted: where the checkout is mounted in the container; empty for the environment's own,
            which paths are shown relative to.
    """

    tree: UntrustedTree
    parts: Parts
    mounted: str = ""

    def shown(self, parts: Parts) -> str:
        """Return a path of the same checkout as callers write it."""
        return "/".join((self.mounted, *parts) if self.mounted else parts)

    @property
    def path(self) -> str:
        """The path as callers write it."""
        return self.shown(self.parts)


def readable_place(naming: Naming, row: Environment, path: str) -> FilePlace:
    """Find the file or folder of a path.

    A path of the container, as tracebacks show it, is one of the repository or of an extra repo.

    Raises:
        Invalid: the path is in neither.
        NotFound: the environment has no checkout.
    """
    plan = EnvironmentPlan.of(naming, row)
    for pin in row.extra_repos:
        target = extra_target(pin)
        if pin.commit and _is_below(path, target):
            checkout = ExtraRepoPlan.pinned(naming, row.team, pin).checkout(pin.commit)
            return FilePlace(UntrustedTree(checkout), parts_of(path[len(target) + 1 :]), target)
    own = repository_target(row.repo_url)
    relative = path[len(own) + 1 :] if _is_below(path, own) else path
    return FilePlace(UntrustedTree(plan.checkout), parts_of(relative))


def writable_place(
    naming: Naming, repositories: GitRepositories, row: Environment, path: str
) -> FilePlace:
    """Find the file of a path that is written.

    Raises:
        Conflict: it is in a submodule, whose files belong to another repository.
        Invalid: it is in an extra repo, or no path of a file.
    """
    place = readable_place(naming, row, path)
    if place.mounted:
        raise Invalid(
            f"{place.path} belongs to an extra repo, which environments share.",
            "Only files of the environment's own repository can be changed.",
        )
    if not place.parts:
        raise Invalid("The root of the repository is a folder.", "Name a file in it.")
    plan = EnvironmentPlan.of(naming, row)
    edits = repositories.edits(plan.git_dir, plan.checkout)
    submodule = edits.submodule_of(row.commit, place.parts)
    if submodule:
        raise Conflict(
            f"{place.path} is in the submodule {submodule}, which is another repository.",
            "Create an environment of that repository to change it.",
        )
    return place


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
