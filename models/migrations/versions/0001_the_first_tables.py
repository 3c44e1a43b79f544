"""the first tables"""

import sqlalchemy as sa
from alembic import op

from models.access import SEARCH_KEY
from models.base import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar")),
        sa.UniqueConstraint("code", name=op.f("uq_calendar_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("contents", sa.String(), nullable=False),
        sa.Column("saved_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("owner", "form", name=op.f("uq_draft_owner_form")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "governing_body",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("fase_number", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("source_key", sa.String(), nullable=True),
        sa.Column("enterprise_number", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("locality", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_governing_body")),
        sa.UniqueConstraint("fase_number", name=op.f("uq_governing_body_fase_number")),
        sa.UniqueConstraint(
            "source", "source_key", name=op.f("uq_governing_body_source_source_key")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("governing_body", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_governing_body_name_key"), ["name_key"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_journal_row", ["entity", "entity_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_school_id"), ["school_id"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("surname", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("surname_key", sa.String(), nullable=False),
        sa.Column("first_name_key", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("staff_number", sa.String(), nullable=True),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("personal_email", sa.String(), nullable=True),
        sa.Column("personal_email_key", sa.String(), nullable=True),
        sa.Column("personal_email_field", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["person.id"], name=op.f("fk_person_merged_into_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(
            "ix_person_merged_into_id",
            ["merged_into_id"],
            unique=False,
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        )
        batch_op.create_index("ix_person_names", ["surname_key", "first_name_key"], unique=False)
        batch_op.create_index(
            "ix_person_personal_email_key",
            ["personal_email_key"],
            unique=False,
            sqlite_where=sa.text("personal_email_key IS NOT NULL"),
            postgresql_where=sa.text("personal_email_key IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_person_staff_number",
            ["staff_number"],
            unique=False,
            sqlite_where=sa.text("staff_number IS NOT NULL"),
            postgresql_where=sa.text("staff_number IS NOT NULL"),
        )

    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("granted_by_post", sa.Boolean(), nullable=False),
        sa.Column("consent_needed", sa.Boolean(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("effective", sa.String(), nullable=False),
        sa.Column("bound_to_year", sa.Boolean(), nullable=False),
        sa.Column("token_days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("code", name=op.f("uq_service_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("password_set_at", Instant(), nullable=True),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("tries_since", Instant(), nullable=True),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email_key", name=op.f("uq_account_email_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_person_id"), ["person_id"], unique=False)

    op.create_table(
        "school",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fase_number", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("source_key", sa.String(), nullable=True),
        sa.Column("governing_body_id", sa.Integer(), nullable=True),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("enterprise_number", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("locality", sa.String(), nullable=False),
        sa.Column("contact_name", sa.String(), nullable=False),
        sa.Column("contact_email", sa.String(), nullable=False),
        sa.Column("contact_phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendar.id"], name=op.f("fk_school_calendar_id")
        ),
        sa.ForeignKeyConstraint(
            ["governing_body_id"], ["governing_body.id"], name=op.f("fk_school_governing_body_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("fase_number", name=op.f("uq_school_fase_number")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_school_source_source_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("school", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_school_governing_body_id"), ["governing_body_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_school_name_key"), ["name_key"], unique=False)

    op.create_table(
        "school_year",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("access_ends", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendar.id"], name=op.f("fk_school_year_calendar_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_year")),
        sa.UniqueConstraint("calendar_id", "label", name=op.f("uq_school_year_calendar_id_label")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "service_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_service_role_service_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_role")),
        sa.UniqueConstraint(
            "service_id", "function", name=op.f("uq_service_role_service_id_function")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suspected_double",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["other_id"], ["person.id"], name=op.f("fk_suspected_double_other_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_suspected_double_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspected_double")),
        sa.UniqueConstraint(
            "person_id", "other_id", name=op.f("uq_suspected_double_person_id_other_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("suspected_double", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_suspected_double_other_id"), ["other_id"], unique=False
        )

    op.create_table(
        "mission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("school_year_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("given_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mission_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_mission_school_id")),
        sa.ForeignKeyConstraint(
            ["school_year_id"], ["school_year.id"], name=op.f("fk_mission_school_year_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mission", schema=None) as batch_op:
        batch_op.create_index(
            "ix_mission_person_id", ["person_id", "school_id", "school_year_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_mission_school_id"), ["school_id"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("applied_at", Instant(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("first_ids", sa.JSON(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("confirm_number", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_plan_school_id"), ["school_id"], unique=False)

    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("fase_number", sa.Integer(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("locality", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_site_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("school_id", "fase_number", name=op.f("uq_site_school_id_fase_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_site_fase_number"), ["fase_number"], unique=False)

    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("address_rule", sa.String(), nullable=False),
        sa.Column("fase_identifiers", sa.Boolean(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_source_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("code", name=op.f("uq_source_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_school_id"), ["school_id"], unique=False)

    op.create_table(
        "person_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_key_person_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_person_key_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_key")),
        sa.UniqueConstraint("source_id", "key", name=op.f("uq_person_key_source_id_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("person_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_key_person_id"), ["person_id"], unique=False)

    op.create_table(
        "plan_item",
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.String(), nullable=False),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_item_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "position", name=op.f("pk_plan_item")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("plan_item", schema=None) as batch_op:
        batch_op.create_index(
            "ix_plan_item_person_id",
            ["person_id"],
            unique=False,
            sqlite_where=sa.text("person_id IS NOT NULL"),
            postgresql_where=sa.text("person_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_plan_item_plan_id_level", ["plan_id", "level", "position"], unique=False
        )

    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("school_year_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("other_functions", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("role_by_hand", sa.Boolean(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("exit_date", sa.Date(), nullable=True),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("school_email", sa.String(), nullable=True),
        sa.Column("school_email_key", sa.String(), nullable=True),
        sa.Column("school_email_field", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disappeared_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_post_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_post_school_id")),
        sa.ForeignKeyConstraint(
            ["school_year_id"], ["school_year.id"], name=op.f("fk_post_school_year_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_post_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint(
            "school_id",
            "school_year_id",
            "person_id",
            name=op.f("uq_post_school_id_school_year_id_person_id"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_post_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "ix_post_school_email_key",
            ["school_email_key"],
            unique=False,
            sqlite_where=sa.text("school_email_key IS NOT NULL"),
            postgresql_where=sa.text("school_email_key IS NOT NULL"),
        )

    op.create_table(
        "access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("school_year_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("granted_at", Instant(), nullable=False),
        sa.Column("activated_at", Instant(), nullable=True),
        sa.Column("activation", sa.String(), nullable=False),
        sa.Column("search_key", SEARCH_KEY, server_default="", nullable=False),
        sa.Column("function_key", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_access_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_access_post_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_access_school_id")),
        sa.ForeignKeyConstraint(
            ["school_year_id"], ["school_year.id"], name=op.f("fk_access_school_year_id")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_access_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access")),
        sa.UniqueConstraint(
            "school_id",
            "school_year_id",
            "service_id",
            "person_id",
            name=op.f("uq_access_school_id_school_year_id_service_id_person_id"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("access", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_post_id"), ["post_id"], unique=False)
        batch_op.create_index(
            "ix_access_team",
            ["school_id", "school_year_id", "service_id", "search_key", "id", "function_key"],
            unique=False,
        )

    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_consent_post_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_consent_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(
            "ix_consent_person_id_school_id", ["person_id", "school_id", "email_key"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_consent_school_id"), ["school_id"], unique=False)

    op.create_table(
        "printed_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("printed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_printed_form_post_id")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_printed_form_school_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printed_form")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("printed_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_printed_form_post_id"), ["post_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_printed_form_school_id"), ["school_id"], unique=False)

    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("access_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=True),
        sa.Column("queued_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("uncertain_at", Instant(), nullable=True),
        sa.Column("refused_at", Instant(), nullable=True),
        sa.Column("bounced_at", Instant(), nullable=True),
        sa.Column("held_at", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("reply", sa.String(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["access_id"], ["access.id"], name=op.f("fk_mail_access_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mail_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_person_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_mail_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_access_id"), ["access_id"], unique=False)
        batch_op.create_index(
            "ix_mail_claimed",
            ["claimed_by"],
            unique=False,
            sqlite_where=sa.text("claimed_by IS NOT NULL"),
            postgresql_where=sa.text("claimed_by IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_mail_due",
            ["next_attempt_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_mail_bounced_at",
            ["bounced_at"],
            unique=False,
            sqlite_where=sa.text("bounced_at IS NOT NULL"),
            postgresql_where=sa.text("bounced_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_mail_refused_at",
            ["refused_at"],
            unique=False,
            sqlite_where=sa.text("refused_at IS NOT NULL"),
            postgresql_where=sa.text("refused_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_mail_uncertain_at",
            ["uncertain_at"],
            unique=False,
            sqlite_where=sa.text("uncertain_at IS NOT NULL"),
            postgresql_where=sa.text("uncertain_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_mail_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mail_school_id"), ["school_id"], unique=False)

    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("access_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["access_id"], ["access.id"], name=op.f("fk_suspension_access_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_suspension_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("suspension", schema=None) as batch_op:
        batch_op.create_index("ix_suspension_access_id", ["access_id", "from_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_suspension_school_id"), ["school_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("access_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("queued_at", Instant(), nullable=False),
        sa.Column("valid_until", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("reminded_at", Instant(), nullable=True),
        sa.Column("replaced_at", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["access_id"], ["access.id"], name=op.f("fk_invitation_access_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_invitation_mail_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_invitation_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_mail_id"), ["mail_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitation_school_id"), ["school_id"], unique=False)
        batch_op.create_index(
            "uq_invitation_access_id_generation", ["access_id", "generation"], unique=True
        )
        batch_op.create_index(
            "uq_invitation_latest",
            ["access_id"],
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        )

    for statement in (*_append_only(), *_search_keys()):
        op.execute(statement)


def _append_only() -> tuple[str, ...]:
    """The journal takes new lines only, whoever asks (DESIGN §2.4)."""
    if op.get_bind().dialect.name == "sqlite":
        return tuple(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        (
            "CREATE FUNCTION journal_is_append_only() RETURNS trigger AS "
            "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$ LANGUAGE plpgsql"
        ),
        (
            "CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal "
            "FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()"
        ),
    )


_KEYS = """
    SELECT substr(person.surname_key || ' ' || person.first_name_key || ' '
                  || coalesce(person.personal_email_key, '') || ' '
                  || coalesce(post.school_email_key, ''), 1, 400),
           coalesce(post.function, '')
    FROM person LEFT JOIN post ON post.id = {post} WHERE person.id = {person}
"""


def _search_keys() -> tuple[str, ...]:
    """What an access is searched by follows its person and its post, whoever writes them."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    return _search_keys_sqlite() if sqlite else _search_keys_postgresql()


def _search_keys_sqlite() -> tuple[str, ...]:
    keys = _KEYS.format(person="access.person_id", post="access.post_id")
    refresh = f"UPDATE access SET (search_key, function_key) = ({keys}) WHERE"
    return (
        (
            "CREATE TRIGGER access_keys_new AFTER INSERT ON access WHEN NEW.search_key = '' "
            f"BEGIN {refresh} id = NEW.id; END"
        ),
        (
            "CREATE TRIGGER access_keys_moved AFTER UPDATE OF person_id, post_id ON access "
            f"BEGIN {refresh} id = NEW.id; END"
        ),
        (
            "CREATE TRIGGER access_keys_person "
            "AFTER UPDATE OF surname_key, first_name_key, personal_email_key ON person "
            f"BEGIN {refresh} person_id = NEW.id; END"
        ),
        (
            "CREATE TRIGGER access_keys_post AFTER UPDATE OF function, school_email_key ON post "
            f"BEGIN {refresh} post_id = NEW.id; END"
        ),
    )


def _search_keys_postgresql() -> tuple[str, ...]:
    own = _KEYS.format(person="NEW.person_id", post="NEW.post_id")
    others = _KEYS.format(person="access.person_id", post="access.post_id")
    refresh = f"UPDATE access SET (search_key, function_key) = ({others}) WHERE"
    language = "LANGUAGE plpgsql"
    return (
        (
            "CREATE FUNCTION access_keys() RETURNS trigger AS $$ BEGIN "
            f"SELECT INTO NEW.search_key, NEW.function_key keys.* FROM ({own}) AS keys; "
            f"RETURN NEW; END $$ {language}"
        ),
        (
            "CREATE TRIGGER access_keys_new BEFORE INSERT ON access FOR EACH ROW "
            "WHEN (NEW.search_key = '') EXECUTE FUNCTION access_keys()"
        ),
        (
            "CREATE TRIGGER access_keys_moved BEFORE UPDATE OF person_id, post_id ON access "
            "FOR EACH ROW EXECUTE FUNCTION access_keys()"
        ),
        (
            "CREATE FUNCTION access_keys_of_person() RETURNS trigger AS "
            f"$$ BEGIN {refresh} person_id = NEW.id; RETURN NULL; END $$ {language}"
        ),
        (
            "CREATE TRIGGER access_keys_person "
            "AFTER UPDATE OF surname_key, first_name_key, personal_email_key ON person "
            "FOR EACH ROW EXECUTE FUNCTION access_keys_of_person()"
        ),
        (
            "CREATE FUNCTION access_keys_of_post() RETURNS trigger AS "
            f"$$ BEGIN {refresh} post_id = NEW.id; RETURN NULL; END $$ {language}"
        ),
        (
            "CREATE TRIGGER access_keys_post AFTER UPDATE OF function, school_email_key ON post "
            "FOR EACH ROW EXECUTE FUNCTION access_keys_of_post()"
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup made before the upgrade instead")
