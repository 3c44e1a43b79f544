"""Calls to the helpdesk: the note, the causes found, what was done"""

import sqlalchemy as sa
from alembic import op

from models.access import SEARCH_KEY
from models.base import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("surname", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("fase_number", sa.Integer(), nullable=True),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("access_id", sa.Integer(), nullable=True),
        sa.Column("searched", sa.String(), nullable=False),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.Column("search_key", SEARCH_KEY, nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("handed_at", Instant(), nullable=True),
        sa.Column("handed_by", sa.String(), nullable=False),
        sa.Column("handed_to", sa.String(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["access_id"], ["access.id"], name=op.f("fk_call_note_access_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_call_note_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_call_note_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_note")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call_note", schema=None) as batch_op:
        _partial(batch_op, "ix_call_note_open", "opened_at", "id", where="closed_at IS NULL")
        batch_op.create_index("ix_call_note_opened_at", ["opened_at", "id"], unique=False)
        for column in ("person_id", "school_id"):
            _partial(batch_op, f"ix_call_note_{column}", column, where=f"{column} IS NOT NULL")

    op.create_table(
        "call_cause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.JSON(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call_note.id"], name=op.f("fk_call_cause_call_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_call_cause_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_cause")),
        sa.UniqueConstraint("call_id", "code", name=op.f("uq_call_cause_call_id_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call_cause", schema=None) as batch_op:
        batch_op.create_index("ix_call_cause_found_at", ["found_at"], unique=False)
        _partial(batch_op, "ix_call_cause_school_id", "school_id", where="school_id IS NOT NULL")

    op.create_table(
        "call_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.JSON(), nullable=False),
        sa.Column("done_at", Instant(), nullable=False),
        sa.Column("done_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call_note.id"], name=op.f("fk_call_step_call_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_call_step_mail_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_call_step_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_step")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("call_step", schema=None) as batch_op:
        batch_op.create_index("ix_call_step_call_id", ["call_id", "id"], unique=False)
        for column in ("plan_id", "mail_id"):
            _partial(batch_op, f"ix_call_step_{column}", column, where=f"{column} IS NOT NULL")

    op.create_table(
        "support_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("headship_id", sa.Integer(), nullable=True),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_support_request_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["headship_id"], ["headship.id"], name=op.f("fk_support_request_headship_id")
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_support_request_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_request")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("support_request", schema=None) as batch_op:
        for column in ("account_id", "headship_id"):
            batch_op.create_index(
                f"ix_support_request_{column}", [column, "asked_at"], unique=False
            )
        _partial(batch_op, "ix_support_request_mail_id", "mail_id", where="mail_id IS NOT NULL")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        _partial(batch_op, "ix_mail_account_id", "account_id", where="account_id IS NOT NULL")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        _partial(batch_op, "ix_plan_applied_at", "applied_at", where="applied_at IS NOT NULL")


def _partial(batch_op: object, name: str, *columns: str, where: str) -> None:
    batch_op.create_index(  # type: ignore[attr-defined]
        name,
        list(columns),
        unique=False,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
