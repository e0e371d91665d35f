import pytest
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.errors import NotFound as EngineHasNone
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from oduflow.adapters.docker.errors import (
    EngineUnreachable,
    ImageMissing,
    NameTaken,
    PortTaken,
    SubnetTaken,
    translated,
    without_paths,
)
from oduflow.domain.errors import Conflict, Failure, NotFound, QuotaReached, UpstreamFailed

SAID = {
    "port of another container": (
        500,
        (
            "driver failed programming external connectivity on endpoint x (5e1f): "
            "Bind for 0.0.0.0:20000 failed: port is already allocated"
        ),
        PortTaken,
    ),
    "port of a program": (
        500,
        (
            "driver failed programming external connectivity on endpoint x (5e1f): Error starting "
            "userland proxy: listen tcp4 0.0.0.0:20000: bind: address already in use"
        ),
        PortTaken,
    ),
    "foreign address": (
        500,
        (
            "Error starting userland proxy: listen tcp4 192.0.2.77:20000: bind: "
            "cannot assign requested address"
        ),
        UpstreamFailed,
    ),
    "overlapping subnet": (
        403,
        "Pool overlaps with other one on this address space",
        SubnetTaken,
    ),
    "bridge of another network": (
        403,
        (
            "cannot create network 5e (br-x): conflicts with network 6f (br-x): "
            "networks have same bridge name"
        ),
        SubnetTaken,
    ),
    "container name": (
        409,
        (
            'Conflict. The container name "/x" is already in use by container "5e1f". '
            "You have to remove (or rename) that container to be able to reuse that name."
        ),
        NameTaken,
    ),
    "network name": (409, "network with name x already exists", NameTaken),
    "volume in use": (409, "remove x: volume is in use - [5e1f]", Conflict),
    "network in use": (
        403,
        "error while removing network: network x has active endpoints",
        Conflict,
    ),
    "full disk": (500, "write /var/lib/docker/tmp/x: no space left on device", QuotaReached),
    "private image": (
        404,
        "pull access denied for acme/odoo, repository does not exist or may require 'docker login'",
        ImageMissing,
    ),
    "no such tag": (404, "manifest for acme/odoo:1 not found: manifest unknown", ImageMissing),
    "unknown conflict": (409, "something else", Conflict),
    "unknown failure": (500, "something else", UpstreamFailed),
}


@pytest.mark.parametrize(("status", "said", "kind"), SAID.values(), ids=SAID.keys())
def test_what_the_engine_says_becomes_a_named_failure(
    status: int, said: str, kind: type[Failure]
) -> None:
    with pytest.raises(Failure) as caught, translated("start container “x”"):
        raise api_error(APIError, status, said)
    assert type(caught.value) is kind
    assert caught.value.message.startswith("Docker could not start container “x”")
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, APIError)


def test_a_missing_container_is_not_found() -> None:
    with pytest.raises(NotFound) as caught, translated("stop container “x”"):
        raise api_error(EngineHasNone, 404, "No such container: x")
    assert "`oduflow doctor`" in caught.value.hint


def test_a_missing_image_is_not_a_missing_thing_of_the_team() -> None:
    with pytest.raises(ImageMissing, match="not on this machine"), translated("look"):
        raise api_error(ImageNotFound, 404, "No such image: odoo:99")


def test_an_engine_that_does_not_run_says_how_to_start_it() -> None:
    cause = requests.ConnectionError(
        ProtocolError("Connection aborted.", FileNotFoundError(2, "no"))
    )
    with pytest.raises(EngineUnreachable, match="does not answer") as caught, translated("answer"):
        raise cause
    assert "systemctl start docker" in caught.value.hint


def test_a_socket_that_is_not_ours_says_how_to_get_it() -> None:
    wrapped = requests.ConnectionError(ProtocolError("Aborted.", PermissionError(13, "denied")))
    cause = DockerException("Error while fetching server API version")
    cause.__cause__ = wrapped
    with pytest.raises(EngineUnreachable, match="permission denied") as caught, translated("x"):
        raise cause
    assert "`docker` group" in caught.value.hint


@pytest.mark.parametrize(
    "cause",
    [
        requests.ReadTimeout("read timed out"),
        requests.ConnectionError(ReadTimeoutError(None, "/", "Read timed out.")),  # type: ignore[arg-type]
    ],
)
def test_an_engine_that_hangs_did_not_answer_in_time(cause: Exception) -> None:
    with pytest.raises(EngineUnreachable, match="did not answer in time"), translated("answer"):
        raise cause


def test_no_path_of_the_host_is_shown() -> None:
    said = "invalid mount config: bind source path does not exist: /srv/oduflow/team_1/x, see a/b"
    with pytest.raises(UpstreamFailed) as caught, translated("create container “x”"):
        raise api_error(APIError, 400, said)
    assert "/srv" not in caught.value.message
    assert "does not exist: …, see a/b" in caught.value.message


def test_a_long_answer_is_cut() -> None:
    assert len(without_paths("word " * 1_000)) <= 300


def test_our_own_failures_pass_unchanged() -> None:
    mine = Conflict("mine")
    with pytest.raises(Conflict) as caught, translated("anything"):
        raise mine
    assert caught.value is mine


def api_error(kind: type[APIError], status: int, said: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    response.url = "http+docker://localhost/v1.41/x"
    return kind("error", response=response, explanation=said)
