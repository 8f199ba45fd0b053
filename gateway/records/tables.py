"""What the gateway itself must remember, as tables: the log, and what students and providers have given and named.

One schema for SQLite and PostgreSQL. Times are milliseconds since 1970 in UTC, days are ISO dates in Helsinki.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

LOG = Table(
    "log",
    METADATA,
    Column("stream", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("prev", LargeBinary(32), nullable=False),
    Column("body_hash", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("salt", LargeBinary(16)),
    Column("body", LargeBinary),
    CheckConstraint("(salt IS NULL) = (body IS NULL)", name="erased_whole"),
)
"""Headers stay for ever; body and salt until their time is over."""

SUBJECT = Table(
    "log_subject",
    METADATA,
    Column("stream", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_log_subject_subject_at", "subject", "at"),
)
"""Where a person's records stand. Only a way to find them: it proves nothing, and goes when the bodies go."""

ANCHOR = Table(
    "anchor",
    METADATA,
    Column("stream", String(64), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Column("handed_out_at", BigInteger),
)

CONSENT = Table(
    "consent",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("subject", String(64), nullable=False, index=True),
    Column("recipient_kind", String(16), nullable=False),
    Column("recipient", String(64), nullable=False, index=True),
    Column("study_right", String(64), nullable=False, index=True),
    Column("items", Text, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("text_version", String(32), nullable=False),
    Column("language", String(2), nullable=False),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("version", Integer, nullable=False),
)
"""A consent (suostumus). Only a withdrawal is stored: whether it is in force follows from the days."""

CONSENT_USE = Table(
    "consent_use",
    METADATA,
    Column("consent", String(32), ForeignKey("consent.id"), primary_key=True),
    Column("stream", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
)
"""Each disclosure that rested on a consent. Only added to: a count in the consent's row would make all uses wait."""

SHARE = Table(
    "share",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("consent", String(32), ForeignKey("consent.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("bound_to", String(64)),
    Column("bound_at", BigInteger),
    Column("failed_tries", Integer, nullable=False),
    Column("provider", String(64)),
    Column("revoked_at", BigInteger),
    UniqueConstraint("token_hash"),
)
"""A share (jakolinkki) of a consent. Who accepted it stands as recipient in the consent too, until it is revoked."""

APPOINTMENT = Table(
    "appointment",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("learner", String(64), nullable=False),
    Column("study_right", String(64), nullable=False, index=True),
    Column("part_key", String(200)),
    Column("unit_code", String(200)),
    Column("start", Date),
    Column("end", Date),
    Column("environment", String(200)),
    Column("until", Date),
    Column("code_hash", LargeBinary(32)),
    Column("code_until", BigInteger),
    Column("failed_tries", Integer, nullable=False),
    Column("person", String(64), index=True),
    Column("bound_at", BigInteger),
    Column("ended_on", Date),
    Column("made_at", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("(part_key IS NULL) <> (unit_code IS NULL)", name="one_way_to_the_part"),
)
"""An appointment (nimitys) made by staff. One that is ended, or over, stays: it closes what another source opens."""

FAILED_CODE = Table(
    "failed_code",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
)
"""Each time a person tried a one-time code that could not be used, for as long as it counts against them."""

EMBED_TOKEN = Table(
    "embed_token",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("person", String(64), nullable=False, index=True),
    Column("role", String(32), nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("learner", String(64), nullable=False),
    Column("part", Text, nullable=False),
    Column("appointment", String(32)),
    Column("client", String(200), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("operation_name", Text),
    Column("variables", Text, nullable=False),
    Column("origin", String(300), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True),
    Column("revoked_at", BigInteger),
    UniqueConstraint("token_hash"),
)
"""A token for a page of a workplace tool, and everything that it is bound to. Goes soon after its end."""
