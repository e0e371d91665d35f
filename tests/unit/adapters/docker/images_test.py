import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest
from docker.errors import ImageNotFound

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import EngineUnreachable, ImageMissing
from oduflow.adapters.docker.images import Images, buildable
from oduflow.domain.errors import UpstreamFailed


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("odoo:19.0", "odoo"),
        ("odoo:19", "odoo"),
        ("library/odoo:19.0", "odoo"),
        ("docker.io/library/postgres:18", "postgres"),
        ("odoo:18.0", ""),
        ("odoo", ""),
        ("postgres:18.1-alpine", ""),
        ("acme/odoo:19.0", ""),
        ("registry.example:5000/odoo:19.0", ""),
        ("redis:8", ""),
    ],
)
def test_only_what_a_recipe_makes_is_buildable(reference: str, kind: str) -> None:
    assert buildable(reference) == kind


def test_an_image_that_is_here_is_neither_pulled_nor_built() -> None:
    engine = FakeEngine(here=("odoo:19.0",))
    assert images(engine).ensure("odoo:19.0", silence).reference == "odoo:19.0"
    assert engine.pulled == []


def test_a_missing_image_is_pulled() -> None:
    engine = FakeEngine()
    facts = images(engine).ensure("acme/odoo:1", silence)
    assert engine.pulled == ["acme/odoo:1"]
    assert (facts.uid, facts.gid) == (100, 101)
    assert facts.environment == {"A": "b=c"}


def test_where_no_registry_answers_a_known_image_is_built() -> None:
    engine = FakeEngine(refusal="dial tcp: lookup registry-1.docker.io: no such host")
    built: list[tuple[str, str]] = []

    def build(kind: str, tag: str, on_progress: Callable[[str], None]) -> None:
        built.append((kind, tag))
        engine.here.add(tag)

    said: list[str] = []
    facts = images(engine, build).ensure("odoo:19.0", said.append)
    assert built == [("odoo", "odoo:19.0")]
    assert facts.id == "sha256:odoo:19.0"
    assert "building it from Debian's packages" in said[-1]


def test_an_unknown_image_that_no_registry_has_says_what_was_tried_and_what_to_do() -> None:
    engine = FakeEngine(refusal="manifest unknown")
    with pytest.raises(ImageMissing, match=r"could not be pulled.*manifest unknown") as caught:
        images(engine).ensure("acme/odoo:1", silence)
    assert "docker pull acme/odoo:1" in caught.value.hint


def test_when_building_fails_too_both_reasons_are_told() -> None:
    engine = FakeEngine(refusal="no such host")

    def build(kind: str, tag: str, on_progress: Callable[[str], None]) -> None:
        raise UpstreamFailed("debootstrap is missing.", "Install it.", output="E: nothing")

    with pytest.raises(ImageMissing, match=r"no such host.*debootstrap is missing") as caught:
        images(engine, build).ensure("odoo:19.0", silence)
    assert caught.value.hint == "Install it."
    assert caught.value.output == "E: nothing"


def test_without_an_engine_nothing_is_built() -> None:
    engine = FakeEngine(down=True)
    with pytest.raises(EngineUnreachable):
        images(engine).ensure("odoo:19.0", silence)


@pytest.mark.parametrize("entry", ["NOVALUE", "=x", ""])
def test_an_image_with_a_malformed_environment_is_refused(entry: str) -> None:
    engine = FakeEngine(here=("odoo:19.0",))
    engine.config = {"User": "1:2", "Env": ["A=b", entry]}
    with pytest.raises(UpstreamFailed, match="malformed environment"):
        images(engine).facts("odoo:19.0")


def test_a_users_table_that_is_a_folder_is_not_read() -> None:
    engine = looked_into(1 << 31 | 0o755, endless())
    with pytest.raises(UpstreamFailed, match="/etc/passwd is no regular file"):
        images(engine).facts("odoo:19.0")


def test_a_users_table_that_is_longer_than_it_said_is_read_up_to_a_limit() -> None:
    engine = looked_into(0o644, endless())
    with pytest.raises(UpstreamFailed, match="larger than any such file"):
        images(engine).facts("odoo:19.0")


def test_a_users_table_is_read() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        line = b"odoo:x:100:101::/:"
        member = tarfile.TarInfo("passwd")
        member.size = len(line)
        archive.addfile(member, io.BytesIO(line))
    facts = images(looked_into(0o644, [content.getvalue()])).facts("odoo:19.0")
    assert (facts.uid, facts.gid) == (100, 101)


def endless() -> Iterator[bytes]:
    """Give parts for ever; who takes far more than a table may have has failed."""
    for _ in range(100):
        yield bytes(1 << 16)
    pytest.fail("read on and on")


def looked_into(mode: int, parts: Iterable[bytes]) -> "FakeEngine":
    engine = FakeEngine(here=("odoo:19.0", "sha256:odoo:19.0"))
    engine.config = {"User": "odoo"}
    engine.archive = (parts, {"size": 100, "mode": mode})
    return engine


class FakeEngine:
    """An engine with some images, and a registry with one answer to every pull."""

    def __init__(self, here: tuple[str, ...] = (), refusal: str = "", *, down: bool = False):
        self.here = set(here)
        self.config: dict[str, Any] = {"User": "100:101", "Env": ["A=b=c"]}
        self.archive: tuple[Iterable[bytes], dict[str, int]] = ((), {})
        self.refusal = refusal
        self.down = down
        self.pulled: list[str] = []

    @property
    def api(self) -> "FakeEngine":
        return self

    def ping(self) -> None:
        if self.down:
            raise EngineUnreachable("The Docker engine does not answer.")

    def describe_image(self, reference: str) -> dict[str, Any]:
        if reference not in self.here:
            raise ImageNotFound("no such image")
        return {"Id": f"sha256:{reference}", "Config": self.config}

    def create_container(self, _name: str, _request: object) -> str:
        return "0123"

    def remove_container(self, _container: str, **_how: bool) -> None:
        """Take it away."""

    def get_archive(self, _container: str, _path: str) -> tuple[Iterable[bytes], dict[str, int]]:
        return self.archive

    def pull(self, _api: object, reference: str, _on_progress: object) -> None:
        self.pulled.append(reference)
        if self.refusal:
            raise ImageMissing(self.refusal)
        self.here.add(reference)


def images(engine: FakeEngine, build: Any = None) -> Images:
    def never(kind: str, tag: str, on_progress: Callable[[str], None]) -> None:
        pytest.fail("built what should not be")

    return Images(cast("Engine", engine), build or never, puller=engine.pull)


def silence(_line: str) -> None:
    pass
