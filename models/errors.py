"""The root of the errors that a person may read."""

from models.language import N_, Wording


class TrousseauError(Exception):
    """Something that could not be done, told in its reader's words.

    `wording` is the sentence (what happened, what to do), `title` a few words for the top
    of a dialogue. Neither may hold a secret: both are shown and written to the log.
    """

    heading = N_("This cannot be done")

    def __init__(self, wording: Wording, title: Wording | None = None) -> None:
        super().__init__(wording.message)
        self.wording = wording
        self.title = title or Wording(self.heading)

    def __str__(self) -> str:
        return self.wording.text()
