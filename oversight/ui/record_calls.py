"""The record's events about being on call, in plain words."""

from collections.abc import Mapping

CALL_WORDS: Mapping[str, str] = {
    "duty.begin": "Someone went on duty",
    "duty.end": "Someone went off duty",
    "duty.leave": "Someone went off duty before their turn ended",
    "rota.team": "A team was made",
    "rota.rotation": "A rotation began",
    "rota.rotation_end": "A rotation was ended",
    "rota.shift": "A shift was planned",
    "rota.shift_cancel": "A shift was taken back",
    "rota.leave": "Someone took leave",
    "rota.leave_cancel": "A leave was taken back",
    "rota.swap_ask": "Someone asked a colleague to take their turn",
    "rota.swap_answer": "A colleague answered whether they take a turn",
    "rota.swap_withdraw": "A question to take a turn was taken back",
    "contact.add": "A contact method was added",
    "contact.remove": "A contact method was removed",
    "contact.order": "Contact methods were put in another order",
    "contact.quiet_hours": "Someone set their quiet hours",
    "escalation.acknowledge_too": "Someone else has the escalation, too",
    "escalation.jump": "Someone called the next step before its time",
    "page.take": "A page is being sent",
    "page.send": "A page was sent",
    "page.retry": "A page could not be sent; it is tried again",
    "page.fail": "A page could not be sent",
    "page.drop": "A page was not sent",
    "page.confirm": "Someone confirmed a page",
    "pager.test": "A pager was tested",
    "pager.silent": "A test of a pager was not answered",
    "rota.gap": "A gap in the rota was announced",
}
