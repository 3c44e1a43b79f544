"""which keys of accounts their holders have shown to be in their hands"""

import sqlalchemy as sa
from alembic import op

from models.base import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proved_at", Instant(), nullable=True))
    # What signs somebody in today goes on doing so.
    op.execute("UPDATE account_key SET proved_at = coalesce(last_used_at, added_at)")


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
