"""Findings as text and as other tools read them."""

import json
import xml.etree.ElementTree as ET

from orchestrate.checks import render
from orchestrate.checks.baseline import baseline_of, parse_baseline
from orchestrate.checks.findings import Finding, Severity, of_commit
from orchestrate.checks.fixing import repaired

FOUND = [
    Finding("a-b", Severity.BLOCK, "src/x.py", "is <wrong> & bad", "do y", 3, 7, "ma…"),
    Finding("c-d", Severity.WARN, "new\nline\udcff:,%", "says\nmore", "", 0, 0),
    Finding("e-f", Severity.REVIEW, "", "the whole", fingerprint="ff00"),
]


def test_text_is_one_line_a_finding_and_a_summary() -> None:
    assert render.text(FOUND).split("\n") == [
        "src/x.py:3:7: block a-b: is <wrong> & bad (ma…)",
        "    do y",
        "new\\nline\\udcff:,%: warn c-d: says",
        "more",
        "the change: review e-f: the whole",
        "3 findings: 1 block, 1 review, 1 warn",
    ]
    assert render.text([]) == "0 findings"
    assert "\x1b[31mblock" in render.text(FOUND, colour=True)


def test_a_next_step_is_said_once_and_what_is_alike_is_folded() -> None:
    paths = [f"rules/{number}.md" for number in range(14)]
    alike = [Finding("p-c", Severity.REVIEW, path, "is policy", "look at it") for path in paths]
    blocked = [Finding("o-a", Severity.BLOCK, path, "outside", "take it back") for path in paths]
    assert render.text([*alike, *blocked[:2]]).split("\n") == [
        "rules/0.md: review p-c: is policy",
        "    ... and 13 more files",
        "    look at it",
        "rules/0.md: block o-a: outside",
        "    take it back",
        "rules/1.md: block o-a: outside",
        "16 findings: 2 block, 14 review",
    ]
    in_lines = [one._replace(line=3) for one in alike]
    assert render.text(in_lines).count(": review p-c") == 14
    said = render.text(blocked * 20).splitlines()
    assert said[-2] == "... and 80 block more; --format json names every one"
    assert len(json.loads(render.as_json(alike))["findings"]) == 14


def test_many_findings_are_cut_and_counted() -> None:
    said = render.text([FOUND[0]] * 1000)
    assert "... and 800 block more" in said
    assert said.endswith("1,000 findings: 1,000 block")


def test_of_too_many_findings_the_gravest_are_named() -> None:
    warned = [Finding("w", Severity.WARN, f"a{n}", "so", line=1) for n in range(250)]
    blocked = [Finding("b", Severity.BLOCK, f"z{n}", "no", line=1) for n in range(3)]
    said = render.text([*warned, *blocked]).splitlines()
    assert said[:2] == ["a0:1: warn w: so", "a1:1: warn w: so"]
    assert said[197:] == [
        "z0:1: block b: no",
        "z1:1: block b: no",
        "z2:1: block b: no",
        "... and 53 warn more; --format json names every one",
        "253 findings: 3 block, 250 warn",
    ]


def test_sarif_describes_a_rule_whichever_commit_a_finding_is_of() -> None:
    found = of_commit(FOUND[0], "1" * 40)
    run = json.loads(render.sarif([found]))["runs"][0]
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == FOUND[0].message
    assert run["results"][0]["message"]["text"].startswith("commit 111111111111: ")


def test_json_has_every_finding_and_the_counts() -> None:
    document = json.loads(render.as_json(FOUND))
    assert document["summary"] == {"block": 1, "review": 1, "warn": 1}
    assert document["findings"][0]["line"] == 3
    render.as_json(FOUND).encode()


def test_sarif_points_to_places_and_rules() -> None:
    run = json.loads(render.sarif(FOUND))["runs"][0]
    assert [r["id"] for r in run["tool"]["driver"]["rules"]] == ["a-b", "c-d", "e-f"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 7}
    assert [r["level"] for r in run["results"]] == ["error", "note", "warning"]


def test_github_commands_cannot_be_broken_out_of() -> None:
    lines = render.github(FOUND).split("\n")
    assert len(lines) == 3
    assert lines[0] == "::error file=src/x.py,title=a-b,line=3,col=7::is <wrong> & bad - do y"
    assert lines[1].startswith("::notice file=new%0Aline\\udcff%3A%2C%25,title=c-d::says%0Amore")


def test_gitlab_fingerprints_differ() -> None:
    report = json.loads(render.gitlab([FOUND[0], FOUND[0]._replace(line=4)]))
    assert len({entry["fingerprint"] for entry in report}) == 2
    assert report[0]["location"] == {"path": "src/x.py", "lines": {"begin": 3}}


def test_junit_is_xml_with_a_failure_for_what_blocks() -> None:
    suite = ET.fromstring(render.junit(FOUND))
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert suite[0][0].text == "is <wrong> & bad\ndo y"
    assert ET.fromstring(render.junit([]))[0].get("name") == "no findings"


def test_a_baseline_keeps_fingerprints() -> None:
    data = baseline_of(FOUND)
    assert parse_baseline(data, "b.json") == {"ff00"}
    assert data.endswith(b"\n")


def test_repairs_keep_what_most_lines_have() -> None:
    every = frozenset(["mixed-line-endings", "no-final-newline", "byte-order-mark"])
    assert repaired(b"\xef\xbb\xbfa\r\nb\r\nc\nd", every) == b"a\r\nb\r\nc\r\nd\r\n"
    assert repaired(b"a\nb\r\n", every) == b"a\nb\n"
    assert repaired(b"\0\r\n\n", every) == b"\0\r\n\n"
    assert repaired(b"", every) == b""
    assert repaired(b"a\r\nb\n", frozenset()) == b"a\r\nb\n"
