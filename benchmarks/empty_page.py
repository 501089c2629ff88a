"""What the console is measured against: a Streamlit page with one button and a counter.

Served as the console is (``st.App`` under uvicorn, the same .streamlit/config.toml); Streamlit runs
this same file for each page view. Started by benchmarks.console.
"""

import streamlit as st


def count() -> None:
    st.session_state.n = st.session_state.get("n", 0) + 1


if __name__ == "__main__":
    st.button("Count", key="count", on_click=count)
    so_far = st.session_state.get("n", 0)
    st.html(f'<p data-count="{so_far}">{so_far}</p>')
else:
    app = st.App(__file__)
