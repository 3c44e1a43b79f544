"""HeadNet: heads, their addresses and passwords; the reading room; elections"""

import sqlalchemy as sa
from alembic import op

from models.base import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "committee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("committee", schema=None) as batch_op:
        batch_op.create_index("ix_committee_name_key", ["name_key", "id"], unique=False)

    op.create_table(
        "conference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_key", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("begins", sa.String(), nullable=False),
        sa.Column("ends", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("information", sa.String(), nullable=False),
        sa.Column("text_key", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("conference", schema=None) as batch_op:
        batch_op.create_index("ix_conference_first_day", ["first_day", "id"], unique=False)

    op.create_table(
        "document_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("text_key", sa.String(), nullable=False),
        sa.Column("contents", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_file")),
        sa.UniqueConstraint("digest", name=op.f("uq_document_file_digest")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        # Unpacking them would take as long as searching them.
        op.execute("ALTER TABLE document_file ALTER COLUMN text_key SET STORAGE EXTERNAL")
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("committee_id", sa.Integer(), nullable=True),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["committee_id"], ["committee.id"], name=op.f("fk_document_committee_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_document_committee_id",
            ["committee_id"],
            unique=False,
            sqlite_where=sa.text("committee_id IS NOT NULL"),
            postgresql_where=sa.text("committee_id IS NOT NULL"),
        )
        batch_op.create_index("ix_document_dated_on", ["dated_on", "id"], unique=False)
        batch_op.create_index(
            "uq_document_source_key",
            ["source_key"],
            unique=True,
            sqlite_where=sa.text("source_key IS NOT NULL"),
            postgresql_where=sa.text("source_key IS NOT NULL"),
        )

    op.create_table(
        "election",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("committee_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("title_key", sa.String(), nullable=False),
        sa.Column("information", sa.String(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("opens_at", Instant(), nullable=False),
        sa.Column("closes_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancelled_reason", sa.String(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("ballots_digest", sa.String(), nullable=False),
        sa.Column("electorate", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["committee_id"], ["committee.id"], name=op.f("fk_election_committee_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("election", schema=None) as batch_op:
        batch_op.create_index("ix_election_closes_at", ["closes_at", "id"], unique=False)
        batch_op.create_index(
            "ix_election_committee_id",
            ["committee_id"],
            unique=False,
            sqlite_where=sa.text("committee_id IS NOT NULL"),
            postgresql_where=sa.text("committee_id IS NOT NULL"),
        )

    op.create_table(
        "candidate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("election_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("school_name", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_candidate_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
        sa.UniqueConstraint("election_id", "number", name=op.f("uq_candidate_election_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "committee_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("committee_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("school_name", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("election_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["committee_id"], ["committee.id"], name=op.f("fk_committee_member_committee_id")
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_committee_member_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_member")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("committee_member", schema=None) as batch_op:
        batch_op.create_index(
            "ix_committee_member_committee_id", ["committee_id", "name_key"], unique=False
        )

    op.create_table(
        "document_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_version_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["document_file.id"], name=op.f("fk_document_version_file_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_version")),
        sa.UniqueConstraint(
            "document_id", "number", name=op.f("uq_document_version_document_id_number")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("document_version", schema=None) as batch_op:
        batch_op.create_index("ix_document_version_file_id", ["file_id"], unique=False)

    op.create_table(
        "election_ballot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("election_id", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_election_ballot_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election_ballot")),
        sa.UniqueConstraint(
            "election_id", "receipt", name=op.f("uq_election_ballot_election_id_receipt")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "election_urn",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("election_id", sa.Integer(), nullable=False),
        sa.Column("ballots", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_election_urn_election_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election_urn")),
        sa.UniqueConstraint("election_id", name=op.f("uq_election_urn_election_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "election_voter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("election_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("voted_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_election_voter_election_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_election_voter_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election_voter")),
        sa.UniqueConstraint(
            "election_id", "school_id", name=op.f("uq_election_voter_election_id_school_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("election_voter", schema=None) as batch_op:
        batch_op.create_index("ix_election_voter_school_id", ["school_id"], unique=False)

    op.create_table(
        "headship",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("surname", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("surname_key", sa.String(), nullable=False),
        sa.Column("first_name_key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("last_sign_in_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_headship_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headship")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("headship", schema=None) as batch_op:
        batch_op.create_index("ix_headship_school_id", ["school_id", "id"], unique=False)
        batch_op.create_index(
            "uq_headship_live",
            ["school_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "document_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["document_version.id"], name=op.f("fk_document_reading_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_reading")),
        sa.UniqueConstraint(
            "owner", "version_id", name=op.f("uq_document_reading_owner_version_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("document_reading", schema=None) as batch_op:
        batch_op.create_index("ix_document_reading_version_id", ["version_id"], unique=False)

    op.create_table(
        "head_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("headship_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("takes_effect_at", Instant(), nullable=False),
        sa.Column("in_force_at", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["headship_id"], ["headship.id"], name=op.f("fk_head_address_headship_id")
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_head_address_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head_address")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("head_address", schema=None) as batch_op:
        batch_op.create_index("ix_head_address_email_key", ["email_key"], unique=False)
        batch_op.create_index("ix_head_address_headship_id", ["headship_id", "id"], unique=False)
        batch_op.create_index("ix_head_address_school_id", ["school_id"], unique=False)
        batch_op.create_index(
            "ix_head_address_waiting",
            ["takes_effect_at"],
            unique=False,
            sqlite_where=sa.text("in_force_at IS NULL"),
            postgresql_where=sa.text("in_force_at IS NULL"),
        )

    op.create_table(
        "headnet_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("headship_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("takes_effect_at", Instant(), nullable=False),
        sa.Column("in_force_at", Instant(), nullable=True),
        sa.Column("replaced_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["address_id"], ["head_address.id"], name=op.f("fk_headnet_password_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["headship_id"], ["headship.id"], name=op.f("fk_headnet_password_headship_id")
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_headnet_password_mail_id")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_headnet_password_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headnet_password")),
        sa.UniqueConstraint(
            "headship_id", "generation", name=op.f("uq_headnet_password_headship_id_generation")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("headnet_password", schema=None) as batch_op:
        batch_op.create_index(
            "ix_headnet_password_mail_id",
            ["mail_id"],
            unique=False,
            sqlite_where=sa.text("mail_id IS NOT NULL"),
            postgresql_where=sa.text("mail_id IS NOT NULL"),
        )
        batch_op.create_index("ix_headnet_password_school_id", ["school_id"], unique=False)
        batch_op.create_index(
            "ix_headnet_password_waiting",
            ["takes_effect_at"],
            unique=False,
            sqlite_where=sa.text("in_force_at IS NULL"),
            postgresql_where=sa.text("in_force_at IS NULL"),
        )

    # Not by a new table, as Alembic would have it for a foreign key: these are large.
    for table in ("mail", "sign_in_event"):
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN headship_id INTEGER "
            f"CONSTRAINT fk_{table}_headship_id REFERENCES headship (id)"
        )
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(
                f"ix_{table}_headship_id",
                ["headship_id"],
                unique=False,
                sqlite_where=sa.text("headship_id IS NOT NULL"),
                postgresql_where=sa.text("headship_id IS NOT NULL"),
            )


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
