from oduflow.domain.errors import Kind
from tests.support.memory.process import Process
from tests.support.memory.world import BLUE


def test_a_team_has_no_more_templates_and_extra_repos_than_it_may(world, sale):
    process = Process(world, teams=f"{BLUE}max_templates = 1\nmax_extra_repos = 1\n")
    repo = world.git.repository("web", {"19.0": {"web_grid/__manifest__.py": "{'name': 'x'}"}})
    process.ok("create_template", name="base")
    process.ok("add_extra_repo", name="web", repo_url=repo, branch="19.0")

    template = process.refused("create_template", name="second")
    extra = process.refused("add_extra_repo", name="other", repo_url=repo, branch="19.0")

    assert {template.kind, extra.kind} == {Kind.QUOTA}
    assert template.message == "The team has 1 of 1 templates."
    assert process.ok("get_status").quotas == {
        "environments": "0 of 20",
        "templates": "1 of 1",
        "extra_repos": "1 of 1",
    }
