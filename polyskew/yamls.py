"""YAML that is checked: unknown and duplicate keys are refused, and every complaint names file and line."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from polyskew.errors import UserError, suggest

_WANTED = {
    "model_type": "a mapping is wanted",
    "dict_type": "a mapping is wanted",
    "list_type": "a list is wanted, in [ ]",
    "tuple_type": "a list is wanted, in [ ]",
}
"""What pydantic says in the words of Python, by its types of complaint."""

M = TypeVar("M", bound=BaseModel)
Location = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader that remembers the line of every value and refuses a key that stands twice."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.lines: dict[Location, int] = {}


# YAML 1.1 reads `no` and `on` as booleans: the language code of Norwegian would become False.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
# YAML 1.1 reads `5e-4` as a string, for want of a dot.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def parse_yaml(text: str, where: str) -> tuple[Any, dict[Location, int]]:
    """Parse one YAML document.

    Args:
        text: the document.
        where: the file's name, for messages.

    Returns:
        The value, and the line (from 1) of every mapping key and list item by its location.

    Raises:
        UserError: the text is not YAML, or a key stands twice in one mapping.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Location, int] = {}
        if node is None:
            return {}, lines
        _walk(node, (), lines, where)
        return loader.construct_document(node), lines
    except RecursionError:
        raise UserError(f"{where}: an anchor refers to itself; write the value out") from None
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{where}{line}: this is not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{where}: this is not valid YAML: {error}") from None


def load_yaml(path: Path, model: type[M]) -> M:
    """Read a YAML file into a pydantic model.

    Args:
        path: the file.
        model: the class to validate against.

    Raises:
        UserError: the file is missing or not YAML, a key is unknown or stands twice, or a value is wrong; the
            message names file, line and what would be right.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise UserError(f"{path} is not a text file; a YAML file is wanted") from None
    value, lines = parse_yaml(text, str(path))
    if not isinstance(value, dict):
        raise UserError(f"{path}: a mapping of settings is wanted, this is a {type(value).__name__}")
    return validate(value, model, str(path), lines, path.parent)


def validate(
    value: Any, model: type[M], where: str, lines: dict[Location, int] | None = None, folder: Path | None = None
) -> M:
    """Validate ``value`` against ``model``, turning the first complaint into a `UserError` of one sentence.

    Args:
        value: the input.
        model: the class to validate against.
        where: its file's name, for messages.
        lines: the line of each value.
        folder: the file's folder; validators find it in their context under this name.
    """
    try:
        return model.model_validate(value, context={"folder": folder})
    except ValidationError as error:
        raise UserError(_sentence(error, value, model, where, lines or {})) from None


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"{where}:{line}: a key is one word here, not a list or a mapping")
            if key.value in seen:
                first = seen[key.value]
                raise UserError(f"{where}:{line}: the key {key.value!r} stands twice (first on line {first})")
            seen[key.value] = line
            lines[(*location, key.value)] = line
            _walk(value, (*location, key.value), lines, where)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*location, index)] = item.start_mark.line + 1
            _walk(item, (*location, index), lines, where)


def _sentence(
    error: ValidationError, value: Any, model: type[BaseModel], where: str, lines: dict[Location, int]
) -> str:
    # An unknown key explains the complaints that follow from it, so it comes first.
    complaints = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    first = complaints[0]
    location = tuple(part for part in first["loc"] if _exists(value, part, first["loc"]))
    known_at = max((length for length in range(len(location) + 1) if location[:length] in lines), default=0)
    line = f":{lines[location[:known_at]]}" if known_at else ""
    missing = first["loc"][-1:] if first["type"] == "missing" else ()
    path = ".".join(str(part) for part in (*location, *missing))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = _fields(model, first["loc"][:-1])
        return f"{where}{line}: unknown key {path!r}{suggest(key, known)}"
    if first["type"] == "missing":
        return f"{where}{line}: the key {path!r} is missing"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    message = _WANTED.get(first["type"], message)
    if first["type"] == "too_short":
        message = f"{first['ctx']['min_length']} or more are wanted"
    if first["type"] == "value_error":
        return f"{where}{line}: {message}" if not path else f"{where}{line}: {path}: {message}"
    return f"{where}{line}: {path or 'the file'}: {message[0].lower()}{message[1:]} (it is {first['input']!r})"


def _exists(value: Any, part: str | int, location: tuple[str | int, ...]) -> bool:
    """Whether a part of pydantic's location is a key of the input (members of unions and lists of one add others)."""
    for step in location:
        if isinstance(value, dict):
            if step not in value:
                continue
            if step == part:
                return True
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            if step == part:
                return True
            value = value[step]
    return False


def _fields(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys a nested model knows, found by following annotations; empty where that is not a model."""
    for step in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step not in fields:
            continue
        inner = _models(fields[step].annotation)
        if not inner:
            return []
        model = inner[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [kind for part in getattr(annotation, "__args__", ()) for kind in _models(part)]
