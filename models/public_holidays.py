"""Public holidays, by the country that a school's time zone lies in.

The library is loaded when the first date is looked at, and not before: it takes 190 ms of CPU
and brings the modules of 250 countries whichever is asked for (measured 2026-11, 0.109).
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from models.language import current_language
from models.text import clean

#: What the library calls our languages; a country that has neither speaks its own.
_LANGUAGES = {"fr": "fr", "en": "en_US"}


def country_of(zone: str) -> str | None:
    """Return the country (ISO 3166) that a time zone's name stands for, None for none."""
    from babel.core import get_global

    return get_global("zone_territories").get(zone)


def public_holidays(zone: str, year: int, language: str | None = None) -> Mapping[date, str]:
    """Return the public holidays of a year in the country of a zone, with their names.

    Those of the whole country, not of its parts. Named in `language`, by default the current
    one, where the country's are known in it; empty for a zone of no country, or of one that
    the library does not know.
    """
    country = country_of(zone)
    return _of_country(country, year, language or current_language()) if country else {}


@lru_cache(maxsize=256)
def _of_country(country: str, year: int, language: str) -> Mapping[date, str]:
    import holidays

    try:
        plain = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return {}
    wanted = _LANGUAGES.get(language, language)
    if wanted in plain.supported_languages:
        plain = holidays.country_holidays(country, years=year, language=wanted)
    return {day: clean(name) for day, name in plain.items() if day.year == year}
