"""Checks calls and replies against the published OpenAPI files, wherever those lie.

Route: (method, path) -> the one operation of the one module's file -> its parameters, body and reply schemas ->
problems as sentences. The files are not part of the project: `SERVICETITAN_SPECS` names their folder.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker

FORMATS = FormatChecker(formats=())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")


@FORMATS.checks("date-time")
def is_wire_time(value: object) -> bool:
    """UTC, up to seven fractional digits, no trailing zero among them."""
    if not isinstance(value, str):
        return True
    match = TIME.fullmatch(value)
    return match is not None and not (match[1] or "").endswith("0")


@FORMATS.checks("date")
def is_day(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\d(T00:00:00Z?)?", value) is not None


@dataclass(frozen=True)
class Operation:
    """One verb of one path of one file."""

    method: str
    template: str
    details: dict[str, Any]
    components: dict[str, Any]

    @property
    def scopes(self) -> list[str]:
        return [scope for rule in self.details.get("security", []) for scope in rule.get("oauth", [])]

    @cached_property
    def parameters(self) -> dict[str, dict[str, Any]]:
        return {
            entry["name"]: entry for entry in self.details.get("parameters", []) if entry["in"] == "query"
        }

    def problems_with_query(self, query: dict[str, Any]) -> list[str]:
        """Unknown names, missing ones and values of a wrong kind."""
        found = [f"unknown parameter {name}" for name in query if name not in self.parameters]
        for name, entry in self.parameters.items():
            if name not in query:
                found += [f"missing parameter {name}"] if entry.get("required") else []
            elif problem := self._problem_with_value(entry["schema"], query[name]):
                found.append(f"parameter {name}: {problem}")
        return found

    def _problem_with_value(self, schema: dict[str, Any], value: Any) -> str | None:
        texts = value if isinstance(value, list) else [str(value)]
        forms = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": r"true|false"}
        form = forms.get(str(schema.get("type")))
        if form and not all(re.fullmatch(form, str(text)) for text in texts):
            return f"{value!r} is no {schema['type']}"
        choices = self._choices(schema)
        if choices and not all(text in choices for text in texts):
            return f"{value!r} is none of {', '.join(choices)}"
        return None

    def _choices(self, schema: dict[str, Any]) -> list[str]:
        for part in (schema, *schema.get("oneOf", []), schema.get("items", {})):
            name = part.get("$ref", "").rpartition("/")[2]
            enum = self.components["schemas"][name].get("enum") if name else part.get("enum")
            if enum:
                return [str(value) for value in enum]
        return []

    def problems_with_body(self, body: Any) -> list[str]:
        schema = _json_schema(self.details.get("requestBody"))
        if schema is None:
            return [] if body is None else ["a body where none is taken"]
        return self._problems(schema, body)

    def problems_with_reply(self, status: int, body: Any) -> list[str]:
        reply = self.details["responses"].get(str(status))
        if reply is None:
            if status in {401, 403, 404, 429}:  # possible everywhere, though no file lists them
                return self._problems({"$ref": "#/components/schemas/ApiErrorResponse"}, body)
            return [f"status {status} is not listed"]
        schema = _json_schema(reply)
        if schema is None:
            return [] if body is None else [f"a body where none belongs: {body!r}"]
        return self._problems(schema, body)

    def _problems(self, schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": self.components}
        validator = Draft202012Validator(whole, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


def _json_schema(part: dict[str, Any] | None) -> dict[str, Any] | None:
    return ((part or {}).get("content", {}).get("application/json") or {}).get("schema")


class Contract:
    """All operations of all files in a folder."""

    def __init__(self, folder: str | Path) -> None:
        self.operations: list[tuple[str, re.Pattern[str], Operation]] = []
        for file in sorted(Path(folder).glob("*.json")):
            self._read(json.loads(file.read_text()))
        # A literal path wins over one with an id in its place.
        self.operations.sort(key=lambda entry: entry[2].template.count("{"))

    def _read(self, document: dict[str, Any]) -> None:
        prefix = urlsplit(document["servers"][0]["url"]).path
        for path, verbs in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", "[^/]+", re.escape(prefix + path)))
            for verb, details in verbs.items():
                if verb in {"get", "post", "put", "patch", "delete"}:
                    operation = Operation(verb.upper(), prefix + path, details, document["components"])
                    self.operations.append((verb.upper(), pattern, operation))

    def find(self, method: str, path: str) -> Operation:
        """The operation that a call is. Raises LookupError where the API has none."""
        for verb, pattern, operation in self.operations:
            if verb == method and pattern.fullmatch(path):
                return operation
        raise LookupError(f"The API has no {method} {path}")

    def problems(
        self, method: str, path: str, query: dict[str, Any], sent: Any, status: int, received: Any
    ) -> list[str]:
        """Everything wrong with one exchange; `sent` and `received` are parsed JSON or None for no body."""
        operation = self.find(method, path)
        found = operation.problems_with_query(query) + operation.problems_with_reply(status, received)
        return found + (operation.problems_with_body(sent) if status < 300 else [])


FOLDER = os.environ.get("SERVICETITAN_SPECS", "")
needs_specs = pytest.mark.skipif(
    not Path(FOLDER or "-").is_dir(),
    reason="SERVICETITAN_SPECS does not name a folder with the published OpenAPI files",
)


def load() -> Contract:
    return Contract(FOLDER)
