"""Check that modules can be installed, from the manifests alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from oduflow.domain.addons import (
    IMAGE,
    REPOSITORY,
    CheckoutReport,
    CheckoutWarning,
    ImageInventory,
    Module,
    library_name,
    nearest,
)
from oduflow.domain.enterprise import is_enterprise
from oduflow.domain.errors import Failure, Invalid, NotFound
from oduflow.domain.external_dependencies import Libraries, library_problem, program_problem
from oduflow.domain.next_call import Next

MAX_NAMED = 5
_WITH_IT = "Add a repository that has it as an extra repo, and create the environment with that."
_IN_ENTERPRISE = (
    "Odoo Enterprise has it: add that as an extra repo, and create the environment with it."
)
_ADDING_ENTERPRISE = Next.of("add_extra_repo", "adds Odoo Enterprise", name="enterprise")
_NOT_IN_TEMPLATES = (
    "Odoo Enterprise has it, and a template holds modules of its image only: leave it out here, "
    "and install it in an environment with an extra repo that has it."
)


@dataclass(frozen=True, slots=True)
class Packages:
    """What requirements installed besides the image's packages.

    Attributes:
        libraries: the versions of the Python distributions.
        importable: the names that Python can import.
        modules: the addons among them, which come last on the addons path.
    """

    libraries: Mapping[str, str] = field(default_factory=dict)
    importable: frozenset[str] = frozenset()
    modules: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True)
class Available:
    """Every module that an environment's Odoo can find, and the libraries beside them.

    Attributes:
        image: the image's reference, for messages.
        inventory: what the image has.
        modules: the module that Odoo loads for each name.
        shadowed: the repository's and extra repos' modules that the image's own replace.
        libraries: the Python libraries of the image and of requirements.
    """

    image: str
    inventory: ImageInventory
    modules: Mapping[str, Module]
    shadowed: Mapping[str, Module]
    libraries: Libraries

    @property
    def has_repository(self) -> bool:
        """Whether any module is not the image's; a template has none."""
        return any(module.source != IMAGE for module in self.modules.values())

    @classmethod
    def of(
        cls,
        image: str,
        inventory: ImageInventory,
        report: CheckoutReport,
        packages: Packages,
    ) -> "Available":
        """Order the modules as Odoo finds them."""
        own: dict[str, Module] = {}
        for module in (*report.modules, *packages.modules):
            own.setdefault(module.name, module)
        of_image = {
            each.name: (
                Module(**each.model_dump(exclude={"first"}), source=IMAGE, path=each.name),
                each.first,
            )
            for each in inventory.modules
        }
        first = {name: module for name, (module, is_first) in of_image.items() if is_first}
        last = {name: module for name, (module, is_first) in of_image.items() if not is_first}
        return cls(
            image,
            inventory,
            last | own | first,
            {name: module for name, module in own.items() if name in first},
            Libraries(
                {library_name(name): version for name, version in inventory.libraries.items()},
                {library_name(name): version for name, version in packages.libraries.items()},
                inventory.importable | packages.importable,
            ),
        )


def refuse_uninstallable(
    available: Available, wanted: Iterable[str], *, installed: Iterable[str], libraries: bool = True
) -> None:
    """Refuse modules that Odoo could not install.

    Args:
        available: what there is.
        wanted: the modules to install.
        installed: those that the database has.
        libraries: whether Python libraries and programs are known by now.

    Raises:
        NotFound: a module or a dependency does not exist; the message names a similar one.
        Invalid: a module cannot be installed.
    """
    if not available.inventory.is_known:
        return
    wanted = tuple(wanted)
    if unknown := [name for name in dict.fromkeys(wanted) if name not in available.modules]:
        raise _unknown(available, *unknown)
    circle = _circle(available, wanted)
    if circle:
        raise Invalid(
            f"{circle[0]} depends on itself: {' → '.join(circle)}.",
            "Odoo installs no module of a circle: take one of them out of depends, and push.",
        )
    there = _with_dependencies(available, installed, frozenset())
    asked_for = _with_dependencies(available, wanted, there)
    for name in to_install(available, wanted, installed):
        of_image = available.modules[name].source == IMAGE
        if of_image and name not in asked_for and name not in available.shadowed:
            continue  # what Odoo installs along depends on the company's country too
        problem = next(iter(problems(available, name, libraries=libraries)), None)
        if problem is not None:
            raise problem


def to_install(
    available: Available, wanted: Iterable[str], installed: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the wanted modules, their dependencies, and what Odoo installs along with them.

    Missing modules are left out, and what is installed with its dependencies.
    """
    there = _with_dependencies(available, installed, frozenset())
    chosen = _with_dependencies(available, wanted, there)
    linked = [module for module in available.modules.values() if module.triggers is not None]
    grows = True
    while grows:
        more = [
            module.name
            for module in linked
            if module.name not in chosen | there
            and module.installable
            and set(module.triggers or ()) <= chosen | there
            and set(module.triggers or ()) & chosen
        ]
        grows = bool(more)
        chosen |= _with_dependencies(available, more, there)
    return tuple(sorted(chosen))


def problems(available: Available, name: str, *, libraries: bool = True) -> Iterator[Failure]:
    """Yield why Odoo could not install a module that it lists."""
    module = available.modules[name]
    shadowed = available.shadowed.get(name)
    if shadowed is not None:
        yield shadowing(available.image, shadowed)
    rules = available.inventory.rules
    if not module.installable:
        yield Invalid(
            f"{name} {module.version} cannot be installed by Odoo {rules.series}.",
            f"Its manifest ({place(module)}) says installable: False, or its version is of another "
            "series.",
        )
    for dependency in module.depends:
        if dependency not in available.modules:
            yield _missing(available, name, dependency)
    if libraries:
        yield from _without_libraries(available, module)


def _without_libraries(available: Available, module: Module) -> Iterator[Failure]:
    image = available.image
    for library in module.python:
        problem = library_problem(
            module.name, library, available.libraries, image, fixed=not available.has_repository
        )
        if problem is not None:
            yield problem
    for program in module.programs:
        problem = program_problem(module.name, program, available.inventory.programs, image)
        if problem is not None:
            yield problem


def shadowing(image: str, module: Module) -> Invalid:
    """Make the error for a module that the image's own replaces."""
    return Invalid(
        f"{place(module)} is not loaded: {image} has a module {module.name} of its own, which Odoo "
        "finds first.",
        "Rename the module, or change Odoo's with a module that depends on it.",
    )


def place(module: Module) -> str:
    """Name a module's folder for a message; an extra repo's name comes before a colon."""
    where = "" if module.source == REPOSITORY else f"{module.source}: "
    return f"{where}{module.path}"


def warnings_of(available: Available) -> Iterator[CheckoutWarning]:
    """Warn of what the repository's and extra repos' modules lack, or what replaces them."""
    if not available.inventory.is_known:
        return
    own = [module for module in available.modules.values() if module.source != IMAGE]
    for module in sorted([*own, *available.shadowed.values()], key=place):
        for problem in problems(available, module.name):
            # Other series are in the report of the checkout.
            if module.installable or module.name in available.shadowed:
                yield CheckoutWarning.of(f"{place(module)}/", problem.message, problem.hint)


def _with_dependencies(
    available: Available, names: Iterable[str], known: frozenset[str]
) -> frozenset[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        module = available.modules.get(name)
        if module is not None and name not in known and name not in found:
            found.add(name)
            left += module.depends
    return frozenset(found)


def _circle(available: Available, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return modules of which each depends on the next and the last is the first; empty if none."""
    done: set[str] = set()
    for first in wanted:
        trail: dict[str, Iterator[str]] = {first: iter(available.modules[first].depends)}
        while trail:
            name = next(reversed(trail))
            needed = next(trail[name], None)
            if needed is None:
                done.add(name)
                del trail[name]
            elif needed in trail:
                names = [*trail, needed]
                return tuple(names[names.index(needed) :])
            elif needed in available.modules and needed not in done:
                trail[needed] = iter(available.modules[needed].depends)
    return ()


def also_unknown(names: Iterable[str], known: Iterable[str]) -> str:
    """Return a sentence with the further names that are unknown; empty without any."""
    known = tuple(known)
    told = [
        f"{name} (did you mean {similar}?)" if (similar := nearest(name, known)) else name
        for name in names
    ]
    return f" Also unknown: {', '.join(told)}." if told else ""


def _unknown(available: Available, name: str, *others: str) -> NotFound:
    """Explain the first unknown module, and name the others, so that one answer tells them all."""
    own = sorted(module.name for module in available.modules.values() if module.source != IMAGE)
    where = f"neither in the repository nor in {available.image}"
    message = f"There is no module {name}{f', {where}' if own else f' in {available.image}'}."
    also = also_unknown(others, available.modules)
    if is_enterprise(name):
        message += also
        # Only a template has no module but its image's.
        if not own:
            return NotFound(message, _NOT_IN_TEMPLATES)
        return NotFound(message, _IN_ENTERPRISE, _ADDING_ENTERPRISE)
    if similar := nearest(name, available.modules):
        message += f" Did you mean {similar}?"
    message += also
    shown = ", ".join(own[:MAX_NAMED]) + (" …" if len(own) > MAX_NAMED else "")
    return NotFound(message, f"The repository and its extra repos have: {shown}." if own else "")


def _missing(available: Available, name: str, dependency: str) -> NotFound:
    similar = nearest(dependency, available.modules)
    if is_enterprise(dependency):
        hint, adding = _IN_ENTERPRISE, _ADDING_ENTERPRISE
    else:
        other = (
            f" Or did you mean {similar}? Then correct depends in the manifest of {name}, and push."
        )
        hint = f"{_WITH_IT}{other if similar else ''}"
        adding = Next.of("add_extra_repo", f"adds a repository that has {dependency}")
    return NotFound(
        f"{name} needs {dependency}, which neither the repository nor {available.image} has.",
        hint,
        adding,
    )
