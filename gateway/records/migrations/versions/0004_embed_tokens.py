"""Tokens for the pages of workplace tools."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "embed_token",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("learner", sa.String(64), nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("appointment", sa.String(32)),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("operation_name", sa.Text),
        sa.Column("variables", sa.Text, nullable=False),
        sa.Column("origin", sa.String(300), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_embed_token"),
        sa.UniqueConstraint("token_hash", name="uq_embed_token_token_hash"),
    )
    op.create_index("ix_embed_token_person", "embed_token", ["person"])
    op.create_index("ix_embed_token_until", "embed_token", ["until"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("embed_token")
