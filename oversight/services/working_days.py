"""The public holidays of a site, from the library ``holidays``."""

from collections.abc import Collection
from datetime import date


def holidays_of(jurisdiction: str | None, years: Collection[int]) -> frozenset[date]:
    """Public holidays of an ISO 3166 country or subdivision (``US-IL``, ``DE``).

    Unknown to the library: none, so that a deadline comes early rather than late.
    """
    if not jurisdiction:
        return frozenset()
    import holidays  # Slow to import: two hundred countries.

    country, _, part = jurisdiction.upper().partition("-")
    for subdivision in (part or None, None):
        try:
            found = holidays.country_holidays(country, subdiv=subdivision, years=list(years))
        except NotImplementedError:
            continue
        return frozenset(found)
    return frozenset()
