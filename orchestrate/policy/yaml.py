"""Strict YAML 1.2 from bytes: values as JSON knows them, and the place of each in the file.

Rules kept here:

* ruamel.yaml reads the text and gives events; yaml_building.py makes the values, so that a document
  can hold only text, whole numbers, floats, booleans, null, lists and maps with text keys. No
  tags, no timestamps (they stay text), no merge keys, no second document.
* `true` and `false` are the only booleans; `yes`, `no`, `on` and `off` are text (YAML 1.2, 10.3.2).
* Limits hold while reading, before memory is spent: size, depth, nodes, nodes made by aliases.
* Every refusal is a FileError with line and column.

Measured on a plan of 1,000 tasks (35,000 events): 0.6 s, of which the scanner takes 0.45; ruamel's
own safe loader takes 0.9 and its round-trip loader 1.3. libyaml would scan faster but reads YAML
1.1, where a few texts differ, so that a file could mean two things on two machines.
"""

import io
from dataclasses import dataclass
from typing import Any

from orchestrate.errors import FileError

MAX_BYTES = 2_000_000  # about 6,000 tasks, four seconds
MAX_DEPTH = 64  # levels of lists and maps
MAX_NODES = 200_000  # values and keys of one document
MAX_ALIASED = 10_000  # values that aliases may add

Key = str | int
Place = tuple[int, int]  # line and column, both from 1


@dataclass(frozen=True)
class Document:
    """What a file holds, and where each value and each key stands in it."""

    path: str
    value: Any
    values: dict[tuple[Key, ...], Place]
    keys: dict[tuple[Key, ...], Place]

    @classmethod
    def without_file(cls, name: str, value: Any) -> "Document":
        """A value that stands in no file; errors name `name` and the field, and no line."""
        return cls(name, value, {(): (0, 0)}, {})

    def place(self, at: tuple[Key, ...], *, key: bool = False) -> Place:
        """Line and column of the value at `at`, or of its key; of the nearest parent if absent."""
        if key and at in self.keys:
            return self.keys[at]
        while at and at not in self.values:
            at = at[:-1]
        return self.values.get(at, (1, 1))

    def error(
        self, at: tuple[Key, ...], message: str, *, hint: str = "", key: bool = False
    ) -> FileError:
        """The error to raise about the value at `at`."""
        line, column = self.place(at, key=key)
        return FileError(self.path, message, line=line, column=column, hint=hint)


def load_yaml(data: bytes, path: str) -> Any:
    """The value in a YAML file.

    Raises:
        FileError: it does not parse, goes over a limit or uses what is refused here.
    """
    return load_document(data, path).value


def load_document(data: bytes, path: str, *, first_line: int = 1) -> Document:
    """The value in a YAML file with the places of its parts.

    `first_line` is the line that the text begins on, for YAML inside another file.

    Raises:
        FileError: see `load_yaml`.
    """
    # ruamel takes 12 ms to import, and a hook whose policy is cached reads no YAML.
    import ruamel.yaml
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    from orchestrate.policy.yaml_building import Builder

    builder = Builder(path, first_line)
    text = _text(data, path)
    try:
        for event in ruamel.yaml.YAML(typ="safe", pure=True).parse(io.StringIO(text)):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (0, 0)
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise FileError(path, f"not valid YAML: {reason}", line=line, column=column) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + first_line
        reason = f"character U+{error.character:04X} is not allowed in YAML"
        raise FileError(path, reason, line=line) from None
    except (ValueError, OverflowError):
        # ruamel passes the number of an escape such as "\U99999999" to chr() as it is.
        reason = "not valid YAML: an escape names a character that does not exist"
        raise FileError(path, reason, line=builder.line) from None
    except YAMLError as error:
        raise FileError(path, f"not valid YAML: {error}") from None
    return Document(path, builder.value, builder.values, builder.keys)


def _text(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise FileError(path, f"{len(data):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise FileError(
            path,
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            line=line,
            column=column,
            hint="save the file as UTF-8",
        ) from None
