"""Calls that change files of a team whose file system is not there are refused at once."""

import pytest

from oduflow.domain.errors import UpstreamFailed
from oduflow.kernel.operation import Effect
from oduflow.kernel.registry import Registry

REGISTRY = Registry.discover("oduflow.operations")
# They end containers and access, which an operator needs most while a disk is damaged.
WITHOUT_FILES = {
    *("cancel_job", "create_grant", "forget_github_login", "protect_environment"),
    *("revoke_grant", "stop_environment"),
}


def test_all_that_write_need_the_files_but_those_that_end_something():
    changing = {each.name for each in REGISTRY if each.effect is not Effect.READ}

    assert {each.name for each in REGISTRY if each.files} == changing - WITHOUT_FILES


def test_no_row_goes_and_no_job_begins_while_the_files_cannot_be_reached(process, sale):
    process.ok("create_environment", **sale)
    pools, before = process.deps.infrastructure.pools, process.world.everything()
    pools.begin()
    pools.of("1").image.mark()
    folder = process.deps.naming.team_folder("1")
    folder.rename(folder.with_name("aside"))
    pools.place("1")

    for tool in ("delete_environment", "start_environment", "create_snapshot"):
        with pytest.raises(UpstreamFailed, match="image is gone"):
            process.call(tool, name="sale")
    with pytest.raises(UpstreamFailed, match="image is gone"):
        process.call("delete_credential", host="github.com", username="ada")

    folder.unlink()
    folder.with_name("aside").rename(folder)
    assert process.world.everything() == before
    assert process.ok("get_environment", name="sale").state == "running"
    assert process.ok("stop_environment", name="sale").state == "stopped"
