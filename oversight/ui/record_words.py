"""The audit record in plain words."""

from collections.abc import Mapping

from oversight.domain.flags import FLAG_TEXT, Flag
from oversight.domain.release import REASONS
from oversight.domain.severity import Severity
from oversight.queries.record import RecordLine
from oversight.ui.record_calls import CALL_WORDS
from oversight.ui.record_desk import DESK_WORDS
from oversight.ui.words import LEVEL_WORDS, UNSCORED_WORDS

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
    "item.extend": "More was said; it joined the review",
    "item.level": "The level changed",
    "item.undelivered": "A text that may not have arrived came up for review",
    "item.settle": "What was in doubt had arrived, and the review was closed",
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
    "decision.reached": "A person noted that the participant was reached another way",
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
    "delivery.attend": "Somebody dealt with a text that may not have arrived",
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
    "bridge.silent": "The wait was not covered again: every wording had been sent",
    "participant.change": "The participant's card changed",
    "person.create": "An account was made",
    "person.set_password": "An account got a new password",
    "person.deactivate": "An account was shut",
    "key.create": "A study key was made",
    "key.revoke": "A study key was revoked",
    "study.create": "A study was made",
    "person.sign_in": "Someone signed in",
    "person.sign_out": "Someone signed out",
    **CALL_WORDS,
    **DESK_WORDS,
}


WHY: Mapping[str, str] = {
    "received": "something was said",
    "flagged": "the score asks for a person",
    "unhandled": "something in it was not read yet",
    "refused": "a message was refused",
    "rescored": "another version of the classifier found more",
    "sampled": "drawn for reading afterwards",
    "undelivered": "a text may not have arrived",
    "no unused variant": "every wording had been sent",
    **REASONS,
}
"""Why something happened, where the record holds a short name for it."""


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
            several = value if isinstance(value, list) else [value]
            parts.append(f"{words}: {', '.join(_plainly(name, str(one)) for one in several)}")
    return "; ".join(part for part in parts if part)


def _plainly(name: str, value: str) -> str:
    """A value of the record in words, where it is a code."""
    if name == "flags":
        return FLAG_TEXT[Flag(value)] if value in set(Flag) else value
    if name in ("why", "reasons"):
        return WHY.get(value, value)
    if name == "unscored_reason":
        return UNSCORED_WORDS.get(value, value)
    return value.replace("_", " ")


def _level(code: object) -> str:
    try:
        return LEVEL_WORDS[Severity(str(code))]
    except ValueError:
        return ""
