"""The log, its anchors, consents, shares and appointments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "log",
        sa.Column("stream", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("prev", sa.LargeBinary(32), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_log"),
        sa.CheckConstraint("(salt IS NULL) = (body IS NULL)", name=op.f("ck_log_erased_whole")),
    )
    op.create_table(
        "log_subject",
        sa.Column("stream", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_log_subject"),
    )
    op.create_index("ix_log_subject_subject_at", "log_subject", ["subject", "at"])
    op.create_table(
        "anchor",
        sa.Column("stream", sa.String(64), nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("head", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.Column("handed_out_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("stream", "last", name="pk_anchor"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("recipient_kind", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("study_right", sa.String(64), nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("text_version", sa.String(32), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("end", sa.Date, nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    for column in ("subject", "recipient", "study_right"):
        op.create_index(f"ix_consent_{column}", "consent", [column])
    op.create_table(
        "consent_use",
        sa.Column("consent", sa.String(32), nullable=False),
        sa.Column("stream", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("consent", "stream", "seq", name="pk_consent_use"),
        sa.ForeignKeyConstraint(["consent"], ["consent.id"], name="fk_consent_use_consent"),
    )
    op.create_table(
        "share",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("consent", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("bound_to", sa.String(64)),
        sa.Column("bound_at", sa.BigInteger),
        sa.Column("failed_tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        sa.ForeignKeyConstraint(["consent"], ["consent.id"], name="fk_share_consent"),
        sa.UniqueConstraint("token_hash", name="uq_share_token_hash"),
    )
    op.create_index("ix_share_consent", "share", ["consent"])
    op.create_table(
        "appointment",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("learner", sa.String(64), nullable=False),
        sa.Column("study_right", sa.String(64), nullable=False),
        sa.Column("part_key", sa.String(200)),
        sa.Column("unit_code", sa.String(200)),
        sa.Column("start", sa.Date),
        sa.Column("end", sa.Date),
        sa.Column("environment", sa.String(200)),
        sa.Column("code_hash", sa.LargeBinary(32)),
        sa.Column("code_until", sa.BigInteger),
        sa.Column("failed_tries", sa.Integer, nullable=False),
        sa.Column("person", sa.String(64)),
        sa.Column("bound_at", sa.BigInteger),
        sa.Column("ended_on", sa.Date),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appointment"),
        sa.CheckConstraint(
            "(part_key IS NULL) <> (unit_code IS NULL)", name=op.f("ck_appointment_one_way_to_the_part")
        ),
    )
    for column in ("study_right", "person"):
        op.create_index(f"ix_appointment_{column}", "appointment", [column])


def downgrade() -> None:
    """Drop every table: only on purpose, and never with a log that must be kept."""
    for table in ("appointment", "share", "consent_use", "consent", "anchor", "log_subject", "log"):
        op.drop_table(table)
