"""The end that staff choose for an appointment, and tries of codes that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column and the table."""
    op.add_column("appointment", sa.Column("until", sa.Date))
    op.create_table(
        "failed_code",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failed_code"),
    )
    op.create_index("ix_failed_code_person", "failed_code", ["person"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("failed_code")
    op.drop_column("appointment", "until")
