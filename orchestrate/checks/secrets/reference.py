"""`docs/secrets.md`, written from the rules: `python -m orchestrate.checks.secrets.reference`."""

from pathlib import Path

from orchestrate import resources
from orchestrate.checks.secrets.rules import Rule, Ruleset, load

DOCUMENT = Path(__file__).parents[3] / "docs" / "secrets.md"

_HEAD = """\
# Secrets

<!-- Written by `python -m orchestrate.checks.secrets.reference` from rules/secrets.yaml. -->

{count} rules look for credentials in the lines a change adds. {block} of them refuse the change
(`block`), {warn} only say what they saw (`warn`). One pass of hyperscan over the bytes finds the
places where a rule could match; each is then confirmed by the rule's own pattern on that line, by
its validators (checksums, structure, how random the value looks) and by what the policy allows.

A finding names the rule, the place, the first characters of the secret and a fingerprint. The
fingerprint depends on the rule, the path and the secret, so it stays the same when lines move.

Read as text: UTF-8, UTF-16 with a byte order mark, Latin-1, escapes inside strings, one layer of
base64. In binary files, lock files and minified code only vendors' tokens and private keys are
looked for.

In tests, documentation and examples (by the path) a password or key must look drawn by a machine.
Then it blocks there too: people try things with the passwords they have. Files of keys only warn,
and plain words say nothing. Counted over 13 million lines of popular packages with their tests and
documents, 14 lines in 1.4 million block so; with the files of keys it would be about 19. In such
packages as they are installed it is 1.7.

To keep a value that is no secret, in order of preference:

* a placeholder: `<token>`, `${{TOKEN}}`, `changeme`, `example` are never reported;
* a mark with a reason on the line or the one above (the policy can forbid marks):
  `orchestrate: allow hardcoded-password <reason>`;
* `secrets.stopwords` and `secrets.allow_paths` in the configuration;
* for what was there before, a baseline, named by `secrets.baseline` in the configuration:
  `orchestrate check --all --write-baseline FILE`.

## Another program too

`secrets.engine: gitleaks` (or `trufflehog`) in `.orchestrate/config.yaml` has that program look at
each change as well, in hooks, the runner and CI alike. Install it on `PATH` or beside the Python
that runs orchestrate. It is given copies of the changed files in a private folder, before and after
the change, and reports what is new as `gitleaks-<rule>` or `trufflehog-<detector>`; a line that a
rule below blocks already is told once. It runs with the rules it ships and verifies nothing over
the network. Its own configuration and marks (`.gitleaks.toml`, `.gitleaksignore`, `gitleaks:allow`)
are not read, since a change could bring them: the exceptions above hold for its findings too.
Commit messages and the targets of links are left to the rules below.

Where the program is missing, fails, takes longer than a minute and two seconds a megabyte, or
reports what cannot be read, the change is refused (`secrets-engine-failed`). Each commit waits for
it: a third of a second to one second for gitleaks 8.30 and a small change, as tried.

## Our own rules

Samples of each rule stand in `rules/secrets.yaml`, as templates from which the tests make values.

The source says where to read about a credential: a standard, a program's manual, the vendor's site.
Few vendors publish the form of their tokens: `given there` marks those whose form, or prefix, was
compared with that page. Without it the form is what public scanners' rules and public repositories
show, and where only those are known, the source says so.
"""

_TABLE = """
## {title}

| rule | what it is | tier | source |
| --- | --- | --- | --- |
"""


def render(ruleset: Ruleset) -> str:
    """The whole document."""
    blocking = sum(rule.severity == "block" for rule in ruleset.rules)
    count = len(ruleset.rules)
    text = _HEAD.format(count=count, block=blocking, warn=count - blocking)
    for title, wanted in (("By the value itself", True), ("By name, file or surroundings", False)):
        rows = sorted(_row(rule) for rule in ruleset.rules if rule.binary is wanted)
        text += _TABLE.format(title=title) + "".join(rows)
    return text


def _row(rule: Rule) -> str:
    tier = str(rule.severity)
    if rule.in_tests != rule.severity:
        tier += f" ({rule.in_tests or 'silent'} in tests)"
    cells = (f"`{rule.id}`", rule.description, tier, rule.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(render(load(resources.read("rules", "secrets.yaml"))[0]), encoding="utf-8")
