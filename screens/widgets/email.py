"""A field for an e-mail address: what is probably meant stands beside it, and stops nobody."""

from __future__ import annotations

from models.addresses import likely_typing_error
from models.language import Wording, say
from screens.widgets.field import Field


class EmailField(Field):
    """An address. `domains` are those that schools use, which are never called mistyped."""

    domains: frozenset[str] = frozenset()

    def problem(self) -> Wording | None:
        wrong = super().problem()
        if wrong is None and self.value:
            better = likely_typing_error(self.value, self.domains)
            if better is not None:
                self.complain(say("Is %(better)s meant?", better=better))
        return wrong
