"""What people changed of customers and coupons, and the coupons that are ours (MS-17, MS-18, MS-24 … MS-42)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from reports_lib.database.schema.base import Base, one_of
from reports_lib.database.schema.invoices import FIRST_ID


class OperationState(StrEnum):
    """Where a change is."""

    PENDING = "pending"  # decided, and not yet known to be in the warehouse
    DONE = "done"
    REFUSED = "refused"  # nothing was changed: `error` says why


class Operation(Base):
    """One change that somebody made, from deciding on it to its end; asking twice with one key is one change.

    What it was `before` and is `after` may be personal: both are forgotten at `forget_at`, and nothing can be
    undone from then on.
    """

    __tablename__ = "operation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]  # such as "edit customer"
    subject: Mapped[str]  # such as "customer 17"
    company: Mapped[str] = mapped_column(server_default="")
    who: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=OperationState.PENDING)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    asked: Mapped[str]  # SHA-256 of what was asked for: another wish under a key that was used is refused
    undoes: Mapped[int | None] = mapped_column(ForeignKey("operation.id"))
    data_version: Mapped[str | None]  # the warehouse's that holds it
    error: Mapped[str | None]  # one line
    ended_at: Mapped[datetime | None]
    forget_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(one_of("state", OperationState), name="state"),
        CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'refused') = (error IS NOT NULL)", name="error"),
        Index("operation_undoes_unique", "undoes", unique=True, postgresql_where=sql("state <> 'refused'")),
        Index(None, "subject", "id"),
        Index(None, "at"),
        Index("operation_pending_index", "id", postgresql_where=sql("state = 'pending'")),
        Index("operation_forget_at_index", "forget_at", postgresql_where=sql("forget_at IS NOT NULL")),
    )


class CouponGroup(Base):
    """What coupons are for, by name; a company has one of a name."""

    __tablename__ = "coupon_group"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    company: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        Index("coupon_group_name_unique", "company", sql("lower(name)"), unique=True),
    )


class CouponType(StrEnum):
    """What a coupon gives."""

    PPV_LIVE = "ppv_live"
    PPV_VOD = "ppv_vod"
    PLAN = "plan"


class DiscountType(StrEnum):
    """How it gives it."""

    PERCENT = "percent"
    TRIAL_DAYS = "trial_days"
    TRIAL_UNTIL = "trial_until"


class Coupon(Base):
    """One code: of one use, or `reusable` as often as `max_redemptions` says, without end where it says nothing.

    It can be redeemed from `valid_from` to `valid_to`, the last moment, while it is `enabled` (M-78). No two codes
    are alike, whatever their letters' case.
    """

    __tablename__ = "coupon"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=FIRST_ID), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("coupon_group.id"))
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id"))  # that made it
    code: Mapped[str]
    reusable: Mapped[bool]
    max_redemptions: Mapped[int | None] = mapped_column(BigInteger)
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    detail: Mapped[str | None]
    coupon_type: Mapped[str]
    content_id: Mapped[int | None] = mapped_column(BigInteger)
    package_id: Mapped[int | None] = mapped_column(BigInteger)
    discount_type: Mapped[str]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(18, 6))
    trial_days: Mapped[int | None] = mapped_column(Integer)
    trial_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(server_default=sql("false"))
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(one_of("coupon_type", CouponType), name="coupon_type"),
        CheckConstraint(one_of("discount_type", DiscountType), name="discount_type"),
        CheckConstraint("(discount_type = 'percent') = (discount_percent IS NOT NULL)", name="percent"),
        CheckConstraint("discount_percent > 0 AND discount_percent <= 100", name="percent_range"),
        CheckConstraint("(discount_type = 'trial_days') = (trial_days IS NOT NULL)", name="trial_days"),
        CheckConstraint("trial_days > 0", name="trial_days_range"),
        CheckConstraint("(discount_type = 'trial_until') = (trial_until IS NOT NULL)", name="trial_until"),
        CheckConstraint("(coupon_type = 'plan') OR (package_id IS NULL)", name="package"),
        CheckConstraint("(coupon_type <> 'plan') OR (content_id IS NULL)", name="content"),
        CheckConstraint("coupon_type <> 'ppv_vod' OR content_id IS NOT NULL", name="media"),
        CheckConstraint("valid_from < valid_to", name="availability"),
        CheckConstraint("max_redemptions > 0 AND (reusable OR max_redemptions = 1)", name="redemptions"),
        Index("coupon_code_unique", sql("upper(code)"), unique=True),
        Index(None, "group_id", "id"),
        Index(None, "operation_id"),
    )
