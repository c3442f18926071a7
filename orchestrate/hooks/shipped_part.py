"""What the fast path has of the secrets' rules: the same under every policy, so compiled once.

Reading the rules and compiling them takes seconds; a new policy compiles the rest alone.
"""

import marshal
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from orchestrate.checks.search import SINGLEMATCH, secret_expressions
from orchestrate.checks.secrets import lazy, matcher, rules
from orchestrate.checks.secrets.scanner import PATH_FLAGS, path_pattern
from orchestrate.hooks.made_once import made_once, place_of, shipped_inputs
from orchestrate.hooks.path_classes import CASELESS, DOTALL
from orchestrate.hooks.prefilter import EVERYWHERE, LOOK
from orchestrate.hooks.start import HOME

SECRET_CLASSES = 1 << 18  # ids of classes of paths from here on are of the secrets' rules


class OfSecrets(NamedTuple):
    """What is made of the rules of secrets; databases are b"" without hyperscan.

    `name` is of the shipped files it was made from. `expressions` are those of Python's `re` that
    judging secrets may need, compiled.
    """

    name: str
    packed: bytes
    triggers: bytes
    names: bytes
    expressions: bytes


def of_secrets() -> OfSecrets:
    """It, from this user's cache where it was made before."""
    place = place_of("secrets", "")
    return OfSecrets(os.path.basename(place), *made_once(place, _make))


def _make() -> tuple[bytes, bytes, bytes, bytes]:
    ruleset = rules.shipped()
    paths = ((rule.paths, PATH_FLAGS) for rule in ruleset.rules if rule.paths)
    expressions: Any = lazy.made_of(paths)
    return (
        rules.pack(ruleset),
        compiled(secret_expressions(ruleset)),
        compiled(SecretPaths(ruleset).expressions()),
        marshal.dumps(expressions),
    )


def compiled(expressions: Sequence[matcher.Expression]) -> bytes:
    """The serialized database of the expressions, b"" without hyperscan."""
    with suppress(ValueError):  # no hyperscan here: the slow search has the same findings
        return matcher.compile_database(expressions)
    return b""


def shipped_part(made: OfSecrets) -> dict[str, Any]:
    """What `prefilter.Shipped` reads. Raises: ValueError without hyperscan."""
    if not made.triggers:
        raise ValueError("there is no database without hyperscan")
    import hyperscan._hs_ext as extension

    return {
        "extension": extension.__file__,
        "made_by": HOME,
        "made_of": made.name,
        "inputs": shipped_inputs(),
        "triggers": made.triggers,
        "names": made.names,
        "ruleset": marshal.dumps(rules.unpacked_values(made.packed)),
        "expressions": made.expressions,
    }


class SecretPaths:
    """Numbers the classes of lower-case paths where the forms of secrets mean anything."""

    def __init__(self, ruleset: rules.Ruleset) -> None:
        self.ruleset = ruleset
        self._ids: dict[str, int] = {}
        self._of_forms = tuple(self._class_of(form) for form in ruleset.forms)

    def where(self, number: int) -> int:
        """The class of a form; of what has a higher number, a probe for base64, any path."""
        return self._of_forms[number] if number < len(self._of_forms) else EVERYWHERE

    def _class_of(self, form: rules.Form) -> int:
        paths = {self.ruleset.rules[rule].paths for rule in form.rules}
        if "" in paths:
            return EVERYWHERE
        return self._ids.setdefault("|".join(sorted(paths)), SECRET_CLASSES + len(self._ids))

    def ids(self) -> frozenset[int]:
        """All of them."""
        return frozenset(self._ids.values())

    def expressions(self) -> list[matcher.Expression]:
        """For the database of names; files that are searched whole are the engine's."""
        wanted = [(id, paths) for paths, id in self._ids.items()]
        wanted.append((LOOK, path_pattern(self.ruleset)))
        flags = CASELESS | DOTALL | SINGLEMATCH
        return [(id, b"^(?:" + paths.encode() + rb")\z", flags) for id, paths in wanted]
