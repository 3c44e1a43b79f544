"""The root of the errors that a person may read, and why the system refuses something."""

import errno

from models.language import N_, Wording, say


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


#: What the system says most often, by its number. It has these words in English alone.
_SAID_BY_THE_SYSTEM: dict[int, Wording] = {
    errno.ENOENT: say("there is no such file or folder"),
    errno.EACCES: say("access is denied"),
    errno.EPERM: say("access is denied"),
    errno.EEXIST: say("there is such a file already"),
    errno.EISDIR: say("it is a folder"),
    errno.ENOTDIR: say("it is not a folder"),
    errno.ENAMETOOLONG: say("the name is too long"),
    errno.ELOOP: say("its links lead round in a circle"),
    errno.ENOSPC: say("the disk is full"),
    errno.EDQUOT: say("there is no room left for this user"),
    errno.EROFS: say("nothing can be written on this disk"),
    errno.EMFILE: say("too many files are open"),
    errno.ECONNREFUSED: say("nobody answers there"),
    errno.ECONNRESET: say("the other side has broken off"),
    errno.ETIMEDOUT: say("no answer came in time"),
    errno.EHOSTUNREACH: say("the way there is interrupted"),
    errno.ENETUNREACH: say("the network cannot be reached"),
}
_ITS_OWN = "%(words)s"


def reason_of(error: OSError) -> Wording:
    """Return in words why the system refuses something: in ours, or its own where we have none."""
    known = _SAID_BY_THE_SYSTEM.get(error.errno or 0)
    return known or Wording(_ITS_OWN, {"words": error.strerror or type(error).__name__})
