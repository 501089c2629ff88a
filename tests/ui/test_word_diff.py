"""What changed between a draft and what was sent."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from oversight.ui.quality_diff import word_diff
from oversight.ui.words import safe

TEXTS = st.text(alphabet="ab <&é\n", max_size=40)


def test_only_the_changed_words_are_marked() -> None:
    found = word_diff("I hear you. Try breathing.", "I hear you. What happened?")
    assert ">I hear you. <" in found
    assert re.search(r"<del[^>]*>Try breathing\.</del>", found) or "Try" in found
    assert "<ins" in found


def test_markup_in_the_words_stays_words() -> None:
    found = word_diff("<script>x</script>", "<b>y</b>")
    assert "<script>" not in found
    assert "&lt;b&gt;y&lt;/b&gt;" in found


def test_equal_texts_have_no_marks() -> None:
    found = word_diff("the same", "the same")
    assert "<ins" not in found
    assert "<del" not in found


def _without(tag: str, found: str) -> str:
    inner = found[found.index(">") + 1 : found.rindex("</div>")]
    kept = re.sub(rf"<{tag}[^>]*>.*?</{tag}>", "", inner, flags=re.DOTALL)
    return re.sub(r"</?(?:ins|del)[^>]*>", "", kept)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_back_from_the_difference(before: str, after: str) -> None:
    found = word_diff(before, after)
    assert _without("del", found) == safe(after)
    assert _without("ins", found) == safe(before)
