"""Which checks run and which findings are told, as `only` and `skip` say: groups or ids."""

from typing import NamedTuple

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.findings import Finding

GROUPS = ("scope", "paths", "judging", "secrets", "patterns", "commands", "outputs", "message")
_RULED = ("patterns", "secrets", "commands")  # give ids that rules bring, not the catalogue
# What is said of a change alone: files that are judged whole are not changed by anybody.
OF_A_CHANGE = frozenset(
    {"scope", *(i for i, e in CATALOGUE.items() if e.group == "judging" and i != "broken-policy")}
)
# What did not run to its end is always told.
_ALWAYS = (
    "check-crashed", "secrets-engine-failed", "too-many-candidates", "too-large-to-scan",
    "push-not-checked",
)  # fmt: skip


class Wanted(NamedTuple):
    """What is asked for; `only` None is everything but what `skip` names."""

    only: frozenset[str] | None = None
    skip: frozenset[str] = frozenset()

    def runs(self, group: str) -> bool:
        """Whether a check of this group may give a finding that is asked for."""
        if group in self.skip:
            return False
        if self.only is None or group in self.only:
            return True
        # An id that the catalogue does not know is a rule's: patterns, commands or secrets give it.
        return any(
            CATALOGUE[i].group == group if i in CATALOGUE else group in _RULED
            for i in self.only
            if i not in GROUPS
        )

    def asks(self, engine: str) -> bool:
        """Whether another program's findings on secrets are asked for; it takes its time."""
        if "secrets" in self.skip:
            return False
        asked = ("secrets", "secrets-engine-failed")
        return self.only is None or any(i in asked or i.startswith(f"{engine}-") for i in self.only)

    def keeps(self, found: Finding) -> bool:
        """Whether a finding is told."""
        if found.id in _ALWAYS:
            return True
        names = {found.id, group_of(found)}
        return not names & self.skip and (self.only is None or bool(names & self.only))


def group_of(found: Finding) -> str:
    """The group a finding belongs to; a rule's own id is a pattern's or a secret's."""
    entry = CATALOGUE.get(found.id)
    if entry is not None:
        return entry.group
    return "secrets" if found.fingerprint else "patterns"
