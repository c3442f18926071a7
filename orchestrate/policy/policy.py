"""Everything that decides how a change is judged, read from one commit.

Rules kept here:

* The caller picks the commit: the one the change is built on, never the change itself.
* What the repository does not say, the shipped defaults say. A rule or role of its own replaces
  the shipped one of that id; `rules.shipped: false` leaves only its own rules; a harness.yaml of
  its own stands alone.
* A file that does not parse is an error: a policy is whole or there is none.
* The id covers every input, the defaults in use included, so that two verdicts under one id were
  made by the same words.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from orchestrate import __version__, resources
from orchestrate.errors import FileError
from orchestrate.policy.config import CONFIG_PATH, Config, default_config, load_config
from orchestrate.policy.harness import HarnessRule, load_harness
from orchestrate.policy.roles import Role, load_role
from orchestrate.policy.rules import Rule, effective, load_rule, refuse_ids

FOLDER = ".orchestrate/"
RULES, ROLES = f"{FOLDER}rules/", f"{FOLDER}roles/"
HARNESS_PATH = f"{RULES}harness.yaml"
README = "README.md"  # says how the rules of a folder came about, and is none
# Where the files stand that decide; plans and templates below the folder do not.
INPUTS = (CONFIG_PATH, RULES, ROLES, f"{FOLDER}allowed_signers")


class Reader(Protocol):
    """A commit's tree, a folder on disk, or a dict in tests."""

    def list(self, prefix: str) -> list[tuple[str, str]]:
        """(path, blob id) of every file whose path begins with `prefix`."""
        ...

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None when there is none."""
        ...


@dataclass(frozen=True)
class Policy:
    """How changes are judged; `id` names exactly this policy (sha256, hex)."""

    id: str
    config: Config
    roles: Mapping[str, Role]
    rules: tuple[Rule, ...]
    harness: tuple[HarnessRule, ...]


def load_policy(reader: Reader) -> Policy:
    """The policy of the commit behind `reader`.

    Raises:
        FileError: a policy file does not parse or validate, or two bring the same id; there is no
            policy then.
    """
    inputs = policy_files(reader)
    files = {path: data for path, _ in inputs if (data := reader.read(path)) is not None}
    config = load_config(files[CONFIG_PATH]) if CONFIG_PATH in files else default_config()
    rules = [load_rule(data, path) for path, data in files.items() if is_rule(path)]
    roles = [load_role(data, path) for path, data in files.items() if is_role(path)]
    own = files.get(HARNESS_PATH)
    all_harness = shipped_harness() if own is None else load_harness(own, HARNESS_PATH)
    harness = tuple(rule for rule in all_harness if rule.id not in config.rules.off)
    held = effective(shipped_rules(), rules, config.rules)
    if own is not None:
        refuse_ids(held, {rule.id for rule in harness}, HARNESS_PATH)
    return Policy(
        id=policy_id(inputs),
        config=config,
        roles={role.id: role for role in (*shipped_roles(), *roles)},
        rules=held,
        harness=harness,
    )


def is_rule(path: str) -> bool:
    """Whether the file at `path`, in the repository or among what ships, holds a rule."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/".startswith((RULES, "rules/")) and name.endswith(".md") and name != README


def is_role(path: str) -> bool:
    """Whether the file at `path`, in the repository or among what ships, holds a role."""
    return path.startswith((ROLES, "rules/roles/")) and path.endswith(".yaml")


def policy_files(reader: Reader) -> list[tuple[str, str]]:
    """(path, blob id) of each file that the policy is made of, sorted by path.

    Raises:
        FileError: a file ends in .yml, and would be passed over.
    """
    files = sorted(
        (path, blob)
        for prefix in INPUTS
        for path, blob in reader.list(prefix)
        if path == prefix or prefix.endswith("/")
    )
    for path, _ in files:
        if path.endswith(".yml"):
            raise FileError(
                path, "policy files end in .yaml", hint=f"rename it to {path[:-4]}.yaml"
            )
    return files


def policy_id(inputs: Iterable[tuple[str, str]]) -> str:
    """The id of the policy that these (path, blob id) make together with what ships."""
    digest = hashlib.sha256(shipped_digest())
    for path, blob in sorted(inputs):
        digest.update(f"{path}\0{blob}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


@cache
def shipped_digest() -> bytes:
    """What this version of orchestrate brings to every policy: its version, rules and schemas.

    The version stands for the checks that are code.
    """
    digest = hashlib.sha256(f"orchestrate {__version__}\0".encode())
    for folder in ("rules", "schemas"):
        for path, data in resources.walk(folder):
            digest.update(f"{folder}/{path}\0{len(data)}\0".encode() + data)
    return digest.digest()


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """The rules that ship, universal and framework ones."""
    return tuple(load_rule(data, path) for path, data in _shipped() if is_rule(path))


@cache
def shipped_roles() -> tuple[Role, ...]:
    """The roles that ship."""
    return tuple(load_role(data, path) for path, data in _shipped() if is_role(path))


@cache
def shipped_harness() -> tuple[HarnessRule, ...]:
    """The harness rules that ship, by tier."""
    return load_harness(resources.read("rules", "harness.yaml"), "rules/harness.yaml")


def _shipped() -> list[tuple[str, bytes]]:
    return [(f"rules/{path}", data) for path, data in resources.walk("rules")]
