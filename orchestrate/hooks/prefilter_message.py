"""Decides that a commit message surely gives no finding, or leaves it to the engine."""

from __future__ import annotations

from orchestrate.hooks.prefilter import Doubt, found_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orchestrate.hooks.prefilter import Compiled


def judge_message(text: bytes, compiled: Compiled) -> None:
    """Nothing, when a commit message surely gives no finding.

    Raises:
        Doubt: it may give one.
    """
    rules = compiled.table["message"]
    if not text.isascii() or b"\r" in text or b" >8 " in text or rules["required_trailers"]:
        raise Doubt("an unusual message")
    kept = [line.rstrip() for line in text.split(b"\n") if line[:1] != b"#"]
    lines = b"\n".join(kept).strip(b"\n").split(b"\n")
    subject = lines[0].decode()
    if len(subject) > rules["max_subject"] or (len(lines) > 1 and lines[1]):
        raise Doubt("a long subject or no blank line")
    if rules["conventional"]:
        head, colon, rest = subject.partition(": ")
        kind, _, scope = head.removesuffix("!").partition("(")
        named = scope.removesuffix(")")
        form = not scope or (scope.endswith(")") and named and not set(named) & set("() \t"))
        if not colon or not rest.strip() or not form or kind not in rules["types"]:
            raise Doubt("not a conventional subject")
        if rules["scopes"] and named not in rules["scopes"]:
            raise Doubt("not an accepted scope")
    if found_in(b"\n".join(lines), compiled.shipped.triggers):
        raise Doubt("the message matches")
