"""workshops on demand, school holidays"""

import sqlalchemy as sa
from alembic import op

from models.access import SEARCH_KEY
from models.base import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workshop_fee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_fee")),
        sa.UniqueConstraint(
            "programme",
            "category",
            "people",
            "valid_from",
            name=op.f("uq_workshop_fee_programme_category_people_valid_from"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workshop_setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("free_days", sa.Integer(), nullable=False),
        sa.Column("registration_days", sa.Integer(), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("attendance_days", sa.Integer(), nullable=False),
        sa.Column("invoice_days", sa.Integer(), nullable=False),
        sa.Column("fewest", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("per_leader", sa.Integer(), nullable=False),
        sa.Column("presence_percent", sa.Integer(), nullable=False),
        sa.Column("office_name", sa.String(), nullable=False),
        sa.Column("office_email", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_setting")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "school_holiday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendar.id"], name=op.f("fk_school_holiday_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_holiday")),
        sa.UniqueConstraint(
            "calendar_id", "source_key", name=op.f("uq_school_holiday_calendar_id_source_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workshop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("delivery_type", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("begins", sa.String(), nullable=False),
        sa.Column("ends", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("school_day", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("support_name", sa.String(), nullable=False),
        sa.Column("support_contact", sa.String(), nullable=False),
        sa.Column("contact_name", sa.String(), nullable=False),
        sa.Column("contact_email", sa.String(), nullable=False),
        sa.Column("contact_language", sa.String(), nullable=False),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.Column("search_key", SEARCH_KEY, nullable=False),
        sa.Column("free_until", sa.Date(), nullable=False),
        sa.Column("registration_until", sa.Date(), nullable=False),
        sa.Column("answer_due", sa.Date(), nullable=False),
        sa.Column("attendance_due", sa.Date(), nullable=False),
        sa.Column("invoice_due", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.Column("late_confirmed_at", Instant(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("registration_link", sa.String(), nullable=False),
        sa.Column("refused_at", Instant(), nullable=True),
        sa.Column("refused_reason", sa.String(), nullable=False),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancelled_reason", sa.String(), nullable=False),
        sa.Column("charged", sa.Boolean(), nullable=False),
        sa.Column("replaced_at", Instant(), nullable=True),
        sa.Column("replaced_by_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("attended_at", Instant(), nullable=True),
        sa.Column("invoiced_at", Instant(), nullable=True),
        sa.Column("paid_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["workshop.id"], name=op.f("fk_workshop_replaced_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["workshop.id"], name=op.f("fk_workshop_replaces_id")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_workshop_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop", schema=None) as batch_op:
        batch_op.create_index("ix_workshop_due_on", ["due_on", "id"], unique=False)
        batch_op.create_index(
            "ix_workshop_replaced_by_id",
            ["replaced_by_id"],
            unique=False,
            sqlite_where=sa.text("replaced_by_id IS NOT NULL"),
            postgresql_where=sa.text("replaced_by_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_workshop_replaces_id",
            ["replaces_id"],
            unique=False,
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_workshop_days",
            [
                "school_day",
                "id",
                "answer_due",
                "free_until",
                "registration_until",
                "attendance_due",
                "invoice_due",
            ],
            unique=False,
        )
        batch_op.create_index("ix_workshop_school_id", ["school_id", "school_day"], unique=False)

    op.create_table(
        "workshop_invoice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_invoice_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_invoice_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_workshop_invoice_number")),
        sa.UniqueConstraint("workshop_id", name=op.f("uq_workshop_invoice_workshop_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_invoice", schema=None) as batch_op:
        batch_op.create_index("ix_workshop_invoice_due_on", ["due_on"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_workshop_invoice_school_id"), ["school_id"], unique=False
        )

    op.create_table(
        "workshop_meeting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.String(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("reply", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_meeting_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_meeting_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_meeting")),
        sa.UniqueConstraint("meeting_id", name=op.f("uq_workshop_meeting_meeting_id")),
        sa.UniqueConstraint("workshop_id", name=op.f("uq_workshop_meeting_workshop_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_meeting", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_workshop_meeting_school_id"), ["school_id"], unique=False
        )

    op.create_table(
        "workshop_school",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("fase_number", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=True),
        sa.Column("linked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"], ["school.id"], name=op.f("fk_workshop_school_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_school_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_school_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_school")),
        sa.UniqueConstraint(
            "workshop_id", "fase_number", name=op.f("uq_workshop_school_workshop_id_fase_number")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_school", schema=None) as batch_op:
        batch_op.create_index(
            "ix_workshop_school_other_id",
            ["other_id"],
            unique=False,
            sqlite_where=sa.text("other_id IS NOT NULL"),
            postgresql_where=sa.text("other_id IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_workshop_school_school_id"), ["school_id"], unique=False
        )

    op.create_table(
        "workshop_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_session_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_session_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_session")),
        sa.UniqueConstraint(
            "workshop_id", "number", name=op.f("uq_workshop_session_workshop_id_number")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_workshop_session_school_id"), ["school_id"], unique=False
        )

    op.create_table(
        "workshop_participant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("surname", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("surname_key", sa.String(), nullable=False),
        sa.Column("first_name_key", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["place_id"], ["workshop_school.id"], name=op.f("fk_workshop_participant_place_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_participant_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_participant_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_participant")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_participant", schema=None) as batch_op:
        batch_op.create_index(
            "uq_workshop_participant_live",
            ["workshop_id", "email_key"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.create_index(
            "ix_workshop_participant_names",
            ["workshop_id", "surname_key", "first_name_key"],
            unique=False,
        )
        batch_op.create_index(
            "ix_workshop_participant_place_id",
            ["place_id"],
            unique=False,
            sqlite_where=sa.text("place_id IS NOT NULL"),
            postgresql_where=sa.text("place_id IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_workshop_participant_school_id"), ["school_id"], unique=False
        )

    op.create_table(
        "workshop_attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["workshop_participant.id"],
            name=op.f("fk_workshop_attendance_participant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_workshop_attendance_school_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["workshop_session.id"], name=op.f("fk_workshop_attendance_session_id")
        ),
        sa.ForeignKeyConstraint(
            ["workshop_id"], ["workshop.id"], name=op.f("fk_workshop_attendance_workshop_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workshop_attendance")),
        sa.UniqueConstraint(
            "participant_id",
            "session_id",
            name=op.f("uq_workshop_attendance_participant_id_session_id"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workshop_attendance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_workshop_attendance_school_id"), ["school_id"], unique=False
        )
        batch_op.create_index("ix_workshop_attendance_session_id", ["session_id"], unique=False)
        batch_op.create_index("ix_workshop_attendance_workshop_id", ["workshop_id"], unique=False)

    # A column with its key in one statement: SQLite need not make the table anew.
    op.execute(
        "ALTER TABLE mail ADD COLUMN workshop_id INTEGER "
        "CONSTRAINT fk_mail_workshop_id REFERENCES workshop (id)"
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mail_workshop_id",
            ["workshop_id"],
            unique=False,
            sqlite_where=sa.text("workshop_id IS NOT NULL"),
            postgresql_where=sa.text("workshop_id IS NOT NULL"),
        )


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
