"""What scanning one text after another needs: rules, their compiled forms, and a matcher.

Rules kept here:

* A form is compiled when it is first met: hooks look at one line and need one of hundreds.
* Which rules a form stands for depends on the path, and is worked out once for all of its places.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from orchestrate.checks.linear import compile_regex
from orchestrate.checks.secrets.lazy import compiled_or_taken
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.validators.table import VALIDATORS

TYPE_CHECKING = False  # as typing's: hooks start here when a place must be looked at
if TYPE_CHECKING:
    from typing import Any

    from orchestrate.checks.secrets.matching import Matcher
    from orchestrate.checks.secrets.rules import Rule, Ruleset
    from orchestrate.checks.secrets.validators.candidate import Validator


PATH_FLAGS = int(re.DOTALL)  # of the expressions of paths


class Ready(NamedTuple):
    """A form ready to run. `name` is the number of the group that is no secret, 0 if there is
    none; `secrets` are the others'.
    """

    regex: Any
    name: int
    secrets: tuple[int, ...]


class Judge(NamedTuple):
    """A rule as it judges what a form matched."""

    rule: int
    entropy: float
    tests: tuple[Validator, ...]


class Scanner:
    """Rules and a matcher made of them. Not to be shared between threads (the matcher)."""

    def __init__(self, ruleset: Ruleset, matcher: Matcher, *, direct: bool = True) -> None:
        """Without `direct` no path is one that whole files are searched for."""
        self.ruleset = ruleset
        self.matcher = matcher
        self._ready: dict[int, Ready] = {}
        forms = enumerate(ruleset.forms) if direct else ()
        self._direct = tuple(i for i, form in forms if not form.trigger)
        self._asked = ""
        self._using = _nothing_known()
        self._judges: dict[int, Judge] = {}
        self._paths: Any = None
        self._where: dict[int, re.Pattern[str]] = {}

    def ready(self, form: int) -> Ready:
        """A form, compiled when first met."""
        if form not in self._ready:
            self._ready[form] = _ready(compile_regex(self.ruleset.forms[form].pattern))
        return self._ready[form]

    def using(self, form: int, path: str, sure_only: bool) -> tuple[Judge, ...]:
        """The rules that use a form and are meant for files at `path` (lower case)."""
        if self._asked != path:
            self._asked, self._using = path, _nothing_known()
        known = self._using[sure_only]
        found = known.get(form)
        if found is None:
            rules = self.ruleset.rules
            found = known[form] = tuple(
                self._judge(rule, rules[rule])
                for rule in self.ruleset.forms[form].rules
                if (rules[rule].binary or not sure_only) and self._applies(rule, path)
            )
        return found

    def _judge(self, index: int, rule: Rule) -> Judge:
        if index not in self._judges:
            tests = tuple(VALIDATORS[name] for name in rule.validators)
            self._judges[index] = Judge(index, rule.entropy, tests)
        return self._judges[index]

    def _applies(self, rule: int, path: str) -> bool:
        one = self.ruleset.rules[rule]
        if one.in_tests is None and is_test_path(path):
            return False
        wanted = one.paths
        if not wanted:
            return True
        if rule not in self._where:
            self._where[rule] = compiled_or_taken(wanted, PATH_FLAGS)
        return self._where[rule].fullmatch(path) is not None

    def direct_forms(self, path: str) -> list[int]:
        """The forms that run over the whole of a file at `path` (lower case)."""
        if not self._direct:
            return []
        if self._paths is None:
            self._paths = compile_regex(path_pattern(self.ruleset))
        if self._paths.fullmatch(path.encode("utf-8", "surrogateescape")) is None:
            return []  # nearly every file: one look instead of one for each form
        return [form for form in self._direct if self.using(form, path, sure_only=False)]


def _nothing_known() -> tuple[dict[int, tuple[Judge, ...]], dict[int, tuple[Judge, ...]]]:
    return {}, {}


def path_pattern(ruleset: Ruleset) -> str:
    """A regular expression for lower-case paths that need `scan` whatever a joint pass says."""
    direct = {rule for form in ruleset.forms if not form.trigger for rule in form.rules}
    return "|".join(ruleset.rules[rule].paths for rule in sorted(direct)) or r"[^\s\S]"


def _ready(regex: Any) -> Ready:
    names = regex.groupindex
    name = names.get("name") or names.get(b"name") or 0  # RE2 keeps the pattern's type
    return Ready(regex, name, tuple(i for i in range(1, regex.groups + 1) if i != name))
