"""The OpenAPI 3.1 document of the API, derived from the operations' declarations."""

import re
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from oduflow import __version__
from oduflow.blueprints.errors import MEDIA_TYPE, Problem
from oduflow.blueprints.rest.arguments import JSON, METHODS_WITH_BODY
from oduflow.domain.job import MAX_WAIT_SECONDS
from oduflow.kernel.operation import Operation
from oduflow.kernel.registry import Registry

Schema = dict[str, Any]

_PROBLEM = "Problem"
_REF = "#/components/schemas/{model}"
_PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "description": f"`wait=N` waits for the job's end, at most N and {MAX_WAIT_SECONDS} seconds.",
    "schema": {"type": "string"},
}
_LOCATION: Schema = {"description": "The job's address.", "schema": {"type": "string"}}
_BASIC: Schema = {
    "type": "http",
    "scheme": "basic",
    "description": "User admin, password = the team's ui_password.",
}
_GRANT: Schema = {
    "type": "http",
    "scheme": "bearer",
    "description": "The secret of a grant made with `rest`; a team's auth_token is not accepted.",
}


def describe(registry: Registry) -> Schema:
    """Return the OpenAPI document: every route with its arguments, answers and problems."""
    schemas, answers = _answer_schemas(registry)
    paths: Schema = {}
    for operation in registry:
        arguments = operation.arguments.model_json_schema(ref_template=_REF)
        schemas |= arguments.pop("$defs", {})
        paths.setdefault(operation.path, {})[operation.method.lower()] = {
            "operationId": operation.name,
            "summary": operation.title,
            "description": operation.description,
            "tags": [operation.noun],
            **_request(operation, arguments),
            "responses": _responses(operation, registry, answers[operation.name]),
        }
    problem = _content("What went wrong.", answers[_PROBLEM], MEDIA_TYPE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Oduflow", "version": __version__},
        "servers": [{"url": "/api"}],
        "security": [{"basic": []}, {"grant": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {_PROBLEM: problem},
            "securitySchemes": {"basic": _BASIC, "grant": _GRANT},
        },
    }


def success_status(operation: Operation, registry: Registry) -> HTTPStatus:
    """Return 201 where a POST adds to a collection that GET lists, else 200.

    A finished job is always 200: its envelope does not show whether it created the thing or found
    it there.
    """
    adds = operation.method == "POST" and any(
        other.method == "GET" and other.path == operation.path for other in registry
    )
    return HTTPStatus.CREATED if adds and not operation.slow else HTTPStatus.OK


def _answer_schemas(registry: Registry) -> tuple[Schema, Schema]:
    """Return the schemas of all answers, and a reference to the schema of each operation."""
    models: dict[str, type[BaseModel]] = {_PROBLEM: Problem}
    models |= {operation.name: operation.envelope for operation in registry}
    references, definitions = models_json_schema(
        [(model, "serialization") for model in models.values()], ref_template=_REF
    )
    named = {name: references[model, "serialization"] for name, model in models.items()}
    return definitions["$defs"], named


def _request(operation: Operation, arguments: Schema) -> Schema:
    """Return the parameters and the request body, as `read_arguments` reads them."""
    fields: Schema = arguments.get("properties", {})
    in_path = re.findall(r"{(\w+)}", operation.path)
    rest = {name: field for name, field in fields.items() if name not in in_path}
    required = [name for name in arguments.get("required", []) if name in rest]
    parameters = [_parameter(name, "path", fields[name], required=True) for name in in_path]
    if operation.slow:
        parameters.append(_PREFER)
    if operation.method not in METHODS_WITH_BODY:
        in_query = [
            _parameter(name, "query", field, required=name in required)
            for name, field in rest.items()
        ]
        return {"parameters": [*parameters, *in_query]}
    body = {"type": "object", "properties": rest, "additionalProperties": False}
    if required:
        body["required"] = required
    content = {JSON: {"schema": body}}
    return {
        "parameters": parameters,
        "requestBody": {"content": content, "required": bool(required)},
    }


def _parameter(name: str, place: str, field: Schema, *, required: bool) -> Schema:
    schema = {key: value for key, value in field.items() if key != "description"}
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": field["description"],
        "schema": schema,
    }


def _responses(operation: Operation, registry: Registry, envelope: Schema) -> Schema:
    done = success_status(operation, registry)
    responses = {
        str(done.value): _content("Done.", envelope, JSON),
        "default": {"$ref": f"#/components/responses/{_PROBLEM}"},
    }
    if operation.slow:
        begun = _content("Started as a job.", envelope, JSON) | {"headers": {"Location": _LOCATION}}
        responses[str(HTTPStatus.ACCEPTED.value)] = begun
    return responses


def _content(description: str, schema: Schema, media_type: str) -> Schema:
    return {"description": description, "content": {media_type: {"schema": schema}}}
