"""The API's description (OpenAPI 3.1), derived from the same declarations as its routes."""

import re
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from oduflow import __version__
from oduflow.blueprints.errors import STATUS_OF, Problem
from oduflow.blueprints.errors.problem import MEDIA_TYPE
from oduflow.blueprints.rest.answers import success_status
from oduflow.blueprints.rest.arguments import JSON, METHODS_WITH_BODY
from oduflow.blueprints.rest.waiting import MAX_SECONDS
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry

Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"


def describe(registry: Registry) -> Schema:
    """Describe every route, its arguments, its answers and its problems."""
    names, schemas = _schemas(registry)
    paths: dict[str, Schema] = {}
    for operation in registry:
        described = _operation(operation, registry, names, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Oduflow", "version": __version__},
        "servers": [{"url": "/api"}],
        "security": [{"basic": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "responses": {"Problem": _problem_response(names[Problem])},
        },
    }


Names = dict[type[BaseModel], Schema]


def _schemas(registry: Registry) -> tuple[Names, dict[str, Schema]]:
    """Return a reference to each model, and the schemas that those point at."""
    inputs = {operation.arguments for operation in registry}
    outputs = {operation.envelope for operation in registry} | {Problem}
    wanted = [(model, "validation") for model in inputs] + [(m, "serialization") for m in outputs]
    return {}, {}
