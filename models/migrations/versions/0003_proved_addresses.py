"""which addresses of accounts a mail has proved, and which keys their holders have used"""

import sqlalchemy as sa
from alembic import op

from models.base import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: The tokens that were mailed to the account's present address and were used, by their latest
#: use. What this does not find is proved again by the next token: that costs a mail, no more.
_PROVED = """
UPDATE account SET address_proved_at = (
    SELECT max(proof.at) FROM (
        SELECT access.person_id AS person_id, NULL AS account_id,
               invitation.used_at AS at, lower(mail.recipient) AS address
        FROM invitation
        JOIN access ON access.id = invitation.access_id
        JOIN mail ON mail.id = invitation.mail_id
        WHERE invitation.used_at IS NOT NULL
        UNION ALL
        SELECT NULL, password_reset.account_id, password_reset.used_at, lower(mail.recipient)
        FROM password_reset
        JOIN mail ON mail.id = password_reset.mail_id
        WHERE password_reset.used_at IS NOT NULL
        UNION ALL
        SELECT NULL, account_id, confirmed_at, email_key
        FROM address_change
        WHERE confirmed_at IS NOT NULL AND applied_at IS NOT NULL
    ) AS proof
    WHERE proof.address = account.email_key
      AND (proof.person_id = account.person_id OR proof.account_id = account.id)
)
"""


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("address_proved_at", Instant(), nullable=True))
    op.execute(_PROVED)


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
