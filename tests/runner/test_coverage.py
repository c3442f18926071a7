import pytest

from orchestrate.runner.coverage import CoverageUnreadable, Covered, read_coverage

COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="1" version="7.0"><packages><package name="p"><classes>
 <class name="A" filename="p/a.py">
  <methods><method name="m"><lines><line number="2" hits="0"/></lines></method></methods>
  <lines><line number="1" hits="3"/><line number="2" hits="0"/></lines>
 </class>
 <class name="A$1" filename="p/a.py"><lines><line number="2" hits="1"/></lines></class>
 <class name="B" filename="p/b.py"><lines><line number="1" hits="0"/></lines></class>
</classes></package></packages></coverage>
"""
JACOCO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="all">
 <group name="one"><package name="p"><sourcefile name="A.java">
  <line nr="3" mi="0" ci="2" mb="0" cb="0"/><line nr="4" mi="2" ci="0" mb="0" cb="0"/>
  <counter type="LINE" missed="0" covered="9"/>
 </sourcefile></package></group>
 <group name="two"><package name="p"><sourcefile name="A.java">
  <line nr="3" mi="1" ci="1" mb="0" cb="0"/>
 </sourcefile></package></group>
</report>
"""
LCOV = """TN:
SF:a.c
DA:1,0
DA:2,5,checksum
LF:99
LH:99
end_of_record
SF:a.c
DA:1,1
end_of_record
SF:b.c
DA:1,0
end_of_record
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [(COBERTURA, Covered(2, 3)), (JACOCO, Covered(2, 3)), (LCOV, Covered(2, 3))],
    ids=["cobertura", "jacoco", "lcov"],
)
def test_every_record_counts_and_each_line_once(tmp_path, text: str, expected: Covered) -> None:
    (tmp_path / "report").write_text(text)
    assert read_coverage(tmp_path / "report") == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither lcov, Cobertura nor JaCoCo"),
        ("{}", "neither lcov, Cobertura nor JaCoCo"),
        ("<html></html>", "neither lcov, Cobertura nor JaCoCo"),
        ("TN:\nSF:a.c\nDA:1,1\n", "the report is cut"),
        ("TN:\nSF:a.c\nDA:1,x\nend_of_record\n", "line 3 of the report is not lcov"),
        ("TN:\nDA:1,1\nend_of_record\n", "line 2 of the report is not lcov"),
        ("TN:\nSF:a.c\nend_of_record\n", "measures no line"),
        (COBERTURA[:-20], "not well-formed XML"),
        (COBERTURA.replace('number="1"', 'num="1"'), "lacks the attribute 'number'"),
        (COBERTURA.replace('hits="3"', 'hits="many"'), "a count that is no number"),
        ("<coverage></coverage>", "measures no line"),
        (
            '<!DOCTYPE report [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><report name="&b;"/>',
            "declares an XML entity",
        ),
        (
            '<!DOCTYPE report [<!ENTITY a SYSTEM "file:///etc/passwd">]><report>&a;</report>',
            "declares an XML entity",
        ),
    ],
)
def test_what_cannot_be_relied_on_is_an_error_and_no_number(tmp_path, text, said) -> None:
    (tmp_path / "report").write_text(text)
    with pytest.raises(CoverageUnreadable, match=said):
        read_coverage(tmp_path / "report")


def test_a_named_format_is_insisted_on(tmp_path) -> None:
    (tmp_path / "report").write_text(COBERTURA)
    with pytest.raises(CoverageUnreadable, match="expected <report>"):
        read_coverage(tmp_path / "report", "jacoco")
