"""The whole policy of a commit in the hooks' cache, for the engine."""

import pickle
from contextlib import suppress

from orchestrate.checks import commands, judging
from orchestrate.hooks import cache_file
from orchestrate.hooks.made_once import shipped_inputs
from orchestrate.policy.globs import remember, translated
from orchestrate.policy.policy import Policy


def keep_policy(path: str, policy: Policy) -> None:
    """Put a whole policy into the cache."""
    value = {
        "inputs": shipped_inputs(),
        "policy": pickle.dumps(policy),
        "globs": translated(_all_globs(policy)),
    }
    with suppress(OSError):
        cache_file.write(path, value)


def _all_globs(policy: Policy) -> set[str]:
    """Every path pattern that judging by the policy may need."""
    found = {*policy.config.protected, *policy.config.secrets.allow_paths}
    sets = [*commands.SCRIPTS, judging.POLICY, judging.HOOKS, judging.CI]
    sets += [globs for rule in policy.rules for c in rule.checks for globs in (c.paths, c.excepted)]
    for role in policy.roles.values():
        sets += [role.scope, role.deny_paths, *(p.paths for p in role.forbidden_patterns)]
    return found.union(*sets)


def kept_policy(path: str) -> Policy | None:
    """The whole policy that `keep_policy` put there, or None when it is not there or stale."""
    value = cache_file.read(path)
    if value is None or value.get("inputs") != shipped_inputs():
        return None
    remember(value["globs"])
    found = pickle.loads(value["policy"])
    return found if isinstance(found, Policy) else None
