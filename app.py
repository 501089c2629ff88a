"""The console: served by ``uvicorn app:app``; Streamlit runs this same file for each page view."""

if __name__ == "__main__":
    from oversight.domain.permissions import Page
    from oversight.ui.navigation import show
    from pages import (
        case,
        conversation,
        escalations,
        inbox,
        metrics,
        on_call,
        quality,
        record,
        shift,
        together,
        triage,
    )

    show(
        {
            Page.TRIAGE: triage.render,
            Page.TOGETHER: together.render,
            Page.SHIFT: shift.render,
            Page.CONVERSATION: conversation.render,
            Page.RECORD: record.render,
            Page.QUALITY: quality.render,
            Page.METRICS: metrics.render,
            Page.ESCALATIONS: escalations.render,
            Page.CASE: case.render,
            Page.ON_CALL: on_call.render,
            Page.INBOX: inbox.render,
        }
    )
else:
    from oversight.ui.server import create_console

    app = create_console(__file__)
