"""Error responses over HTTP."""

from oduflow.blueprints.errors.answers import answer_failures, answer_problem
from oduflow.blueprints.errors.problem import Problem
from oduflow.blueprints.errors.statuses import STATUS_OF

__all__ = ["STATUS_OF", "Problem", "answer_failures", "answer_problem"]
