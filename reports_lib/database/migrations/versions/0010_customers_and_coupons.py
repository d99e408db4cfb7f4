"""Changes to customers, coupons that are ours, until when a snapshot of personal data is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Tables operation, coupon_group and coupon; column snapshot.retained_until."""
    op.create_table(
        "coupon_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False, start=1000000000), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("coupon_group_name_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("coupon_group_key")),
    )
    op.create_index(
        "coupon_group_name_unique", "coupon_group", ["company", sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("data_version", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name=op.f("operation_ended_check")),
        sa.CheckConstraint("(state = 'refused') = (error IS NOT NULL)", name=op.f("operation_error_check")),
        sa.CheckConstraint("state IN ('pending', 'done', 'refused')", name=op.f("operation_state_check")),
        sa.ForeignKeyConstraint(["undoes"], ["operation.id"], name=op.f("operation_undoes_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("operation_key")),
        sa.UniqueConstraint("key", name=op.f("operation_key_unique")),
    )
    op.create_index(op.f("operation_at_index"), "operation", ["at"], unique=False)
    op.create_index(
        "operation_forget_at_index",
        "operation",
        ["forget_at"],
        unique=False,
        postgresql_where=sa.text("forget_at IS NOT NULL"),
    )
    op.create_index(
        "operation_pending_index", "operation", ["id"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(op.f("operation_subject_id_index"), "operation", ["subject", "id"], unique=False)
    op.create_index(
        "operation_undoes_unique", "operation", ["undoes"], unique=True, postgresql_where=sa.text("state <> 'refused'")
    )
    op.create_table(
        "coupon",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False, start=1000000000), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reusable", sa.Boolean(), nullable=False),
        sa.Column("max_redemptions", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("coupon_type", sa.Text(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=True),
        sa.Column("package_id", sa.BigInteger(), nullable=True),
        sa.Column("discount_type", sa.Text(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("trial_days", sa.Integer(), nullable=True),
        sa.Column("trial_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(coupon_type <> 'plan') OR (content_id IS NULL)", name=op.f("coupon_content_check")),
        sa.CheckConstraint("(coupon_type = 'plan') OR (package_id IS NULL)", name=op.f("coupon_package_check")),
        sa.CheckConstraint(
            "(discount_type = 'percent') = (discount_percent IS NOT NULL)", name=op.f("coupon_percent_check")
        ),
        sa.CheckConstraint(
            "(discount_type = 'trial_days') = (trial_days IS NOT NULL)", name=op.f("coupon_trial_days_check")
        ),
        sa.CheckConstraint(
            "(discount_type = 'trial_until') = (trial_until IS NOT NULL)", name=op.f("coupon_trial_until_check")
        ),
        sa.CheckConstraint("coupon_type <> 'ppv_vod' OR content_id IS NOT NULL", name=op.f("coupon_media_check")),
        sa.CheckConstraint("coupon_type IN ('ppv_live', 'ppv_vod', 'plan')", name=op.f("coupon_coupon_type_check")),
        sa.CheckConstraint(
            "discount_type IN ('percent', 'trial_days', 'trial_until')", name=op.f("coupon_discount_type_check")
        ),
        sa.CheckConstraint("discount_percent > 0 AND discount_percent <= 100", name=op.f("coupon_percent_range_check")),
        sa.CheckConstraint(
            "max_redemptions > 0 AND (reusable OR max_redemptions = 1)", name=op.f("coupon_redemptions_check")
        ),
        sa.CheckConstraint("trial_days > 0", name=op.f("coupon_trial_days_range_check")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("coupon_availability_check")),
        sa.ForeignKeyConstraint(["group_id"], ["coupon_group.id"], name=op.f("coupon_group_id_reference")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("coupon_operation_id_reference")),
        sa.PrimaryKeyConstraint("id", name=op.f("coupon_key")),
    )
    op.create_index("coupon_code_unique", "coupon", [sa.literal_column("upper(code)")], unique=True)
    op.create_index(op.f("coupon_group_id_id_index"), "coupon", ["group_id", "id"], unique=False)
    op.create_index(op.f("coupon_operation_id_index"), "coupon", ["operation_id"], unique=False)
    op.add_column("snapshot", sa.Column("retained_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "snapshot_retained_until_index",
        "snapshot",
        ["retained_until"],
        unique=False,
        postgresql_where=sa.text("retained_until IS NOT NULL AND deleted_at IS NULL"),
    )
