"""What a person changed in a draft, word by word."""

import re
from difflib import SequenceMatcher

from oversight.ui.words import safe

WORDS = re.compile(r"\s+|[^\s]+")


def word_diff(before: str, after: str) -> str:
    """Both texts as one (HTML): taken out struck through, put in underlined, each named as such."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    parts = []
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            parts.append(safe("".join(old[first:last])))
            continue
        parts.append(_marked("del", "taken out", "".join(old[first:last])))
        parts.append(_marked("ins", "put in", "".join(new[start:end])))
    return f'<div class="ov-diff-view" dir="auto">{"".join(parts)}</div>'


def _marked(tag: str, words: str, text: str) -> str:
    return f'<{tag} title="{words}">{safe(text)}</{tag}>' if text else ""
