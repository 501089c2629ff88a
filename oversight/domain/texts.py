"""What can be said to anybody at all, and kept."""

from oversight.domain.errors import Incomplete
from oversight.domain.templates import check_filled

LONGEST_TEXT = 20_000
"""Characters, of what a participant writes and of what is sent to them."""


def check_text(text: str | None) -> None:
    """Refuse what nobody could read, the record cannot keep, or nobody has finished writing."""
    if text is None or not text.strip():
        raise Incomplete("the text to send is empty", field="text")
    if len(text) > LONGEST_TEXT:
        raise Incomplete(f"the text is over {LONGEST_TEXT:,} characters: shorten it", field="text")
    if "\x00" in text:
        raise Incomplete(
            "the text holds an invisible sign that cannot be sent (NUL): type it again",
            field="text",
        )
    check_filled(text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Incomplete(
            "a character in the text is broken, such as half an emoji: type it again", field="text"
        ) from error
