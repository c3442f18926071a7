"""Ids that a repository's own rules may not take, because findings of that id come from elsewhere.

A finding's id says which check gave it: `--only`, `rules.off` and marks in a line select by it.
"""

import re
from collections.abc import Mapping
from functools import cache

from orchestrate import resources
from orchestrate.checks.catalogue import CATALOGUE

HARNESS_RULE = "a harness rule"
OTHER_ID = "a finding's id must tell which check gave it: choose another"
_ID = re.compile(rb"^\s*- id: ([a-z0-9-]+)\s*$", re.M)


@cache
def taken_ids() -> Mapping[str, str]:
    """Id -> what has it: a built-in check, a group of `--only`, a shipped secret or harness rule.

    The shipped files are only searched for their ids: reading them takes up to two seconds.
    """
    found = {
        id.decode(): what
        for name, what in (("secrets.yaml", "a shipped secret"), ("harness.yaml", HARNESS_RULE))
        for id in _ID.findall(resources.read("rules", name))
    }
    groups = {entry.group for entry in CATALOGUE.values()} | {"commands", "patterns", "secrets"}
    found.update(dict.fromkeys(groups, "a group of checks"))
    found.update(dict.fromkeys(CATALOGUE, "a built-in check"))
    return found
