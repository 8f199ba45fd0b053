"""Who made a share, where a provider did, and when it was revoked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns."""
    op.add_column("share", sa.Column("provider", sa.String(64)))
    op.add_column("share", sa.Column("revoked_at", sa.BigInteger))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("share", "revoked_at")
    op.drop_column("share", "provider")
