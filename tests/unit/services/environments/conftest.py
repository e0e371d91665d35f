"""Environments of a repository that is given as a dictionary of files."""

import pytest


@pytest.fixture
def create(world, process):
    """Create an environment of a repository with these files."""

    def call(files, *modules, name="sale", **more):
        url = world.git.repository("odoo-shop", {"main": files})
        return process.call(
            "create_environment", name=name, repo_url=url, modules=list(modules), **more
        )

    return call


@pytest.fixture
def refused(world, process, create):
    """Create an environment that is refused; nothing is cloned, run or left."""

    def call(files, *modules, **more):
        before, installs = world.everything(), list(world.odoo.installs)
        process.faults.calls.clear()
        error = create(files, *modules, **more).error
        assert "cluster.clone_database" not in process.faults.calls
        assert world.everything() == before
        assert world.odoo.installs == installs
        assert process.deps.store.environments.list("1") == ()
        return error

    return call


@pytest.fixture
def path_of(process):
    def call(name="sale"):
        return process.deps.store.environments.get("1", name).addons

    return call
