"""The audit record in plain words."""

from collections.abc import Mapping

from oversight.domain.severity import Severity
from oversight.queries.record import RecordLine
from oversight.ui.words import LEVEL_WORDS

WORDS: Mapping[str, str] = {
    "message.receive": "A message of the participant arrived",
    "message.score": "The classifier read the message",
    "message.rescore": "Another version of the classifier raised the message's level",
    "message.refuse": "A message was refused",
    "draft.receive": "A draft reply arrived",
    "draft.score": "The classifier read the draft reply",
    "draft.supersede": "The draft gave way to a newer one",
    "draft.release": "The reply was released",
    "draft.withhold": "The reply was withheld",
    "draft.recall": "The reply was recalled before it was sent",
    "draft.deliver": "The reply arrived",
    "draft.correct": "The reply was corrected",
    "draft.retract": "The reply was retracted",
    "draft.hold": "The policy held the reply for a person",
    "item.open": "The conversation came up for review",
    "item.extend": "More turns joined the review",
    "item.level": "The level changed",
    "item.undelivered": "A text that may not have arrived came up for review",
    "item.settle": "Nothing was in doubt any more, and the review was closed",
    "item.claim": "Someone opened the item",
    "item.return": "The item went back to the queue",
    "item.return_escalated": "The item went back, still escalated",
    "item.escalate": "The item was escalated",
    "item.close": "The review was closed",
    "decision.approve": "The draft was approved",
    "decision.edit": "The draft was edited",
    "decision.replace": "A person wrote the reply",
    "decision.withhold": "A person chose to withhold the reply",
    "decision.escalate": "A person chose to escalate",
    "decision.mark_read": "A person marked it as read",
    "decision.resend": "A person chose to send it again",
    "decision.reached": "A person noted that the participant was reached otherwise",
    "decision.release": "The policy released the reply",
    "decision.bridge": "The policy sent a bridge message or holding note",
    "decision.correct": "A person corrected what was sent",
    "decision.retract": "A person retracted what was sent",
    "delivery.queue": "A text was queued for the participant",
    "delivery.hand_out": "The text was handed to the bot",
    "delivery.confirm": "The bot confirmed that it arrived",
    "delivery.retry": "The bot could not deliver it; it is tried again",
    "delivery.fail": "The text could not be delivered",
    "delivery.lose_sight": "No receipt came: nobody knows whether it arrived",
    "delivery.recall": "The text was recalled before it was sent",
    "delivery.resend": "A person sent the text again",
    "delivery.attend": "Somebody answered for a text that may not have arrived",
    "model.shadow": "A candidate began to read beside the live classifier",
    "model.promote": "Another classifier was made the live one",
    "model.retire": "A classifier is used no longer",
    "rescore.begin": "Reading the history again began",
    "rescore.end": "Reading the history again ended",
    "escalation.open": "An escalation opened",
    "escalation.page": "People were called",
    "escalation.not_covered": "NOT COVERED: nobody could be called",
    "escalation.acknowledge": "Someone took the escalation",
    "escalation.contact_begun": "A person began contact",
    "escalation.contact_in_doubt": "The words that began contact may not have arrived",
    "escalation.lapse": "The acknowledgement ran out without contact",
    "escalation.restart": "Calling began again from the start",
    "escalation.resolve": "The escalation was resolved",
    "level.lower": "A person lowered the level",
    "level.confirm": "A second person agreed with the lower level",
    "rating.create": "A supervisor rated a decision",
    "conversation.take_over": "A person took over from the bot",
    "conversation.hand_back": "The conversation was handed back to the bot",
    "policy.put_in_force": "A policy version was put in force",
    "bridge.silent": "A hold was not covered: no unused wording was left",
    "participant.change": "The participant's card changed",
    "person.sign_in": "Someone signed in",
    "person.sign_out": "Someone signed out",
    "duty.begin": "Someone went on duty",
    "duty.end": "Someone went off duty",
}


def event_words(line: RecordLine) -> str:
    """What happened, in one sentence."""
    return WORDS.get(line.kind, line.kind.replace(".", ": ").replace("_", " "))


def detail_words(line: RecordLine) -> str:
    """The facts worth reading of an event's detail; ids are left to exports."""
    detail = line.detail
    parts = []
    if line.kind in ("item.level", "level.lower", "level.confirm"):
        parts.append(f"{_level(detail.get('from'))} → {_level(detail.get('to'))}")
    elif line.kind == "message.score":
        parts.append(_level(detail.get("severity")))
    for name, words in (
        ("flags", "flags"),
        ("phrase_hits", "phrases"),
        ("reasons", "because"),
        ("reason", "reason"),
        ("unscored_reason", "not scored"),
        ("why", "because"),
        ("model_version", "by"),
        ("kind", "kind"),
        ("people", "people called"),
        ("version", "version"),
        ("item_version", "version seen"),
    ):
        value = detail.get(name)
        if value not in (None, [], ""):
            shown = ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
            parts.append(f"{words}: {shown.replace('_', ' ')}")
    return "; ".join(part for part in parts if part)


def _level(code: object) -> str:
    try:
        return LEVEL_WORDS[Severity(str(code))]
    except ValueError:
        return ""
