"""Marks point at the words, whatever the words are, and absence is said as absence."""

from __future__ import annotations

from oversight.domain.flags import Flag
from oversight.queries.evidence import EvidenceView
from oversight.ui.evidence import absence, legend, marked


def test_the_heaviest_words_carry_number_one_wherever_they_stand() -> None:
    html = marked("first some words then the end", EvidenceView([(22, 29), (0, 5)], None))
    assert html.index("first") < html.index(">2</sup>") < html.index("the end")
    assert html.index("the end") < html.index("</span>1</sup>")


def test_marked_words_are_escaped_as_all_others() -> None:
    html = marked("<b>a & b</b> <i>c</i>", EvidenceView([(13, 14), (0, 3)], None))
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "a &amp; b" in html


def test_letters_of_several_bytes_are_counted_as_letters() -> None:
    text = "😀 ñandú 👩‍👧 quiero morir"
    start = text.index("quiero")
    html = marked(text, EvidenceView([(start, len(text))], None))
    assert '<mark class="ov-moved">quiero morir<sup>' in html


def test_spans_that_lie_outside_or_overlap_mark_nothing_twice() -> None:
    html = marked("abcdef", EvidenceView([(0, 4), (2, 6), (4, 99)], None))
    assert html.count("<mark") == 1


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    assert "is not known" in absence(None)
    assert "No words stand out" in absence(EvidenceView([], None))
    assert absence(EvidenceView([(0, 1)], None)) == ""
    assert legend(None) == legend(EvidenceView([], None)) == ""
    assert "may be wrong" in legend(EvidenceView([(0, 1)], None))
    assert "Missed a risk statement" in legend(EvidenceView([(0, 1)], Flag.F01))
