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
    "rota.gap": "A gap in the rota was announced",
}
