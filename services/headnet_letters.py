"""What a head of school is told of HeadNet by mail: the password, a changed address, the end.

The mail with the password goes to the address in force when it was asked for, and is sent only
while it still is that address and the latest password (`services.outbox`). The password itself
is made when the mail is (`services.mail.sender`); no row holds it.
"""

from datetime import timedelta

from models.database import ActorSession
from models.headnet import HeadAddress, Headship
from models.mail import HEADNET_PASSWORD, Mail

#: The templates of these mails.
PASSWORD = HEADNET_PASSWORD
ADDRESS_CHANGED = "head_address_changed"
ENDED = "headnet_ended"
#: For how long each is tried.
TRIED_FOR = timedelta(days=7)


def queue(
    session: ActorSession,
    head: Headship,
    address: HeadAddress,
    template: str,
    generation: int = 1,
) -> int:
    """Put a mail to one of a head's addresses in the outbox and return its id.

    `generation` is that of the password which it brings.
    """
    mail = Mail(
        school_id=head.school_id,
        headship_id=head.id,
        template=template,
        language=head.language,
        generation=generation,
        recipient=address.email,
        queued_at=session.at,
        expires_at=session.at + TRIED_FOR,
        next_attempt_at=session.at,
    )
    session.add(mail)
    session.flush()
    assert mail.id is not None
    return mail.id
