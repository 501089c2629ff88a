"""The audit record as a table."""

from collections.abc import Sequence

import streamlit as st

from oversight.queries.record import RecordLine
from oversight.ui.record_words import detail_words, event_words
from oversight.ui.words import safe


def record_table(lines: Sequence[RecordLine]) -> None:
    """One row an event: when, who, what, with the facts that matter."""
    if not lines:
        st.write("Nothing has happened yet.")
        return
    rows = "".join(
        f"<tr><td>{line.at:%Y-%m-%d %H:%M:%S} UTC</td><td>{safe(line.who)}</td>"
        f"<td>{safe(line.participant or '')}</td><td>{safe(event_words(line))}</td>"
        f"<td>{safe(detail_words(line))}</td></tr>"
        for line in lines
    )
    st.html(
        '<div class="ov-table" tabindex="0" role="region" aria-label="Record"><table><thead><tr>'
        "<th>When</th><th>Who</th><th>Participant</th><th>What</th><th>Facts</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )
