"""Texts on their way: when one is tried again, when nobody knows, what can still be done."""

from datetime import timedelta

from oversight.domain.lifecycle import DeliveryStatus

RECEIPT_WITHIN = timedelta(seconds=60)
"""Without a receipt for so long after handing out, nobody knows whether a text arrived."""

ATTEMPTS = 3
PAUSES = (timedelta(seconds=2), timedelta(seconds=10))
"""Between the first attempt and the second, and between later ones."""

IN_DOUBT = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)
"""A person decides what becomes of these."""

CORRECTABLE = (DeliveryStatus.DELIVERED, DeliveryStatus.UNCERTAIN)
"""What arrived, or may have, can be corrected or retracted."""


def pause_before_retry(status: DeliveryStatus, attempts: int) -> timedelta | None:
    """How long after a reported failure a text is tried again; None where it is not.

    A failure of a text that nobody had heard of for a minute is left to a person: the participant
    may have seen it.
    """
    if status is not DeliveryStatus.SENDING or attempts >= ATTEMPTS:
        return None
    return PAUSES[min(attempts, len(PAUSES)) - 1]
