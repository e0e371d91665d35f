"""Compile a page's template once a process, for all applications of the tests."""

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _InMemory(BytecodeCache):
    """The code of each template, by its name, file and text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def share_compiled_templates() -> None:
    """Let applications that are made from now on share what Jinja compiles of their templates."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _InMemory()}
