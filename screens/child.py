"""A child: the dashboard of a guardian, with what the school holds and whom to ask."""

from __future__ import annotations

from collections.abc import Iterator

from models.language import N_, Wording, _, format_day, say
from screens.facts import section, told_at
from screens.reading import ReadingScreen
from screens.widgets.reader import Paragraph
from services.children import ChildPage, chosen_child


class ChildScreen(ReadingScreen[ChildPage]):
    """One child of the guardian who has signed in: the one that was chosen."""

    place = N_("My child")

    def read(self) -> ChildPage:
        return self.workplace.desk.read(chosen_child)

    def headline(self, page: ChildPage) -> Wording:
        if page.group:
            return say("%(child)s, class %(group)s", child=page.child, group=page.group)
        return say("%(child)s", child=page.child)

    def paragraphs(self, page: ChildPage) -> Iterator[Paragraph]:
        return _paragraphs(page)


def _paragraphs(page: ChildPage) -> Iterator[Paragraph]:
    for title, lines in (
        (_("At school"), _school(page)),
        (_("What the school holds about my child"), _child(page)),
        (_("What the school holds about me"), _guardian(page)),
        (_("Whom to ask"), _contact(page)),
    ):
        yield from section(title, lines)


def _school(page: ChildPage) -> Iterator[str]:
    yield ", ".join(part for part in (page.school, page.place) if part)
    yield _("School year %(year)s, class %(group)s") % {
        "year": page.year, "group": page.group or "–",
    }  # fmt: skip
    if page.left_at is not None:
        yield _("No longer on the school’s list since %(day)s") % {
            "day": format_day(page.left_at.astimezone(page.zone).date())
        }


def _child(page: ChildPage) -> Iterator[str]:
    yield _("Name: %(name)s") % {"name": page.child}
    born = format_day(page.birth_date) if page.birth_date else "–"
    yield _("Date of birth: %(day)s") % {"day": born}


def _guardian(page: ChildPage) -> Iterator[str]:
    name = f"{page.guardian} ({page.relation})" if page.relation else page.guardian
    yield _("Guardian: %(name)s, on file since %(at)s") % {
        "name": name, "at": told_at(page.guardian_since, page.zone),
    }  # fmt: skip
    address = page.email or "–"
    yield _("E-mail: %(address)s (%(source)s)") % {
        "address": address, "source": page.address_from.text(),
    }  # fmt: skip
    if page.access_since is not None:
        yield _("Access: open since %(at)s, until %(day)s") % {
            "at": told_at(page.access_since, page.zone), "day": format_day(page.access_ends),
        }  # fmt: skip
    yield _("Other guardians are not shown here: each sees the own entry only.")


def _contact(page: ChildPage) -> Iterator[str]:
    contact = page.contact
    if not contact.is_known:
        yield _("No contact is known: ask at the school’s office.")
        return
    yield "  ·  ".join(part for part in (contact.name, contact.email, contact.phone) if part)
    yield _("For anything wrong or missing here: the school corrects it in its records.")
