"""What the columns of the data and their values are called on screen."""

from datetime import date

from models.language import N_, _, format_day
from services.field_words import value_words

_NAMES = {
    "surname": N_("surname"),
    "first_name": N_("first name"),
    "birth_date": N_("birth date"),
    "staff_number": N_("staff number"),
    "sex": N_("sex"),
    "language": N_("language"),
    "personal_email": N_("personal e-mail"),
    "personal_email_field": N_("field of the personal e-mail"),
    "school_email": N_("school e-mail"),
    "school_email_field": N_("field of the school e-mail"),
    "email": N_("e-mail"),
    "function": N_("function"),
    "group": N_("class"),
    "relation": N_("relation"),
    "other_functions": N_("other functions"),
    "role": N_("role"),
    "role_by_hand": N_("role set by hand"),
    "start_date": N_("start"),
    "exit_date": N_("exit date"),
    "present": N_("administrative presence"),
    "name": N_("name"),
    "kind": N_("kind"),
    "fase_number": N_("FASE number"),
    "enterprise_number": N_("enterprise number"),
    "network": N_("network"),
    "street": N_("street"),
    "postal_code": N_("postal code"),
    "locality": N_("locality"),
    "contact_name": N_("contact"),
    "contact_email": N_("contact’s e-mail"),
    "contact_phone": N_("contact’s telephone"),
    "time_zone": N_("time zone"),
    "label": N_("label"),
    "first_day": N_("first day"),
    "last_day": N_("last day"),
    "access_ends": N_("end of access"),
    "status": N_("status"),
    "reason": N_("reason"),
    "code": N_("code"),
    "decision": N_("decision"),
    "score": N_("score"),
    "text_version": N_("version of the text"),
    "signed_on": N_("signed on"),
    "source": N_("source"),
}
#: Tables whose columns are called otherwise; no other column of theirs is told.
_NAMES_OF = {
    "workshop_attendance": {"present": N_("present at the session")},
    "document": {"title": N_("title"), "dated_on": N_("date")},
    "document_version": {"file_name": N_("file"), "note": N_("note")},
}


def is_told(column: str, table: str = "") -> bool:
    """Tell whether a column says something to people; others are the program's own affair."""
    return column in _NAMES_OF.get(table, _NAMES)


def column_name(column: str, table: str = "") -> str:
    """Return a column's name in the current language, or the bare name of one not told here."""
    name = _NAMES_OF.get(table, _NAMES).get(column)
    return _(name) if name else column.replace("_", " ")


def value_text(value: str, column: str, table: str = "") -> str:
    """Return a value of a difference as people read it; a word for none, yes and no."""
    told = value_words(column, value, table)
    return format_day(told) if isinstance(told, date) else str(told)
