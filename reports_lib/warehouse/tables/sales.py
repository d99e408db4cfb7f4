"""What is sold to watch: purchases, the access they give, coupons."""

from reports_lib.warehouse.tables.table import declare

SALES = (
    declare(
        "purchase",
        "something bought",
        """
        purchase_id   int64  key
        client_id     int64
        package_id    int64  null
        content_id    int64  null
        kind          text         subscription, ppv_live or ppv_vod
        purchased_at  time
        starts_at     time
        ends_at       time   null
        cancelled_at  time   null
        amount        money
        currency      text
        country       text   null  ISO 3166 alpha-2
        status        text         approved, pending, rejected or cancelled
        coupon_id     int64  null
        """,
        happened_at="purchased_at",
        owned_by="client_id -> client",
    ),
    declare(
        "entitlement",
        "one interval of paid or free access",
        """
        entitlement_id     int64  key
        client_id          int64
        package_id         int64
        starts_at          time
        ends_at            time
        paid_amount        money
        currency           text
        is_trial           bool
        source_payment_id  int64  null
        """,
        happened_at="starts_at",
        owned_by="client_id -> client",
    ),
    declare(
        "coupon_group",
        "a group of coupons",
        """
        group_id    int64  key
        name        text
        created_at  time
        """,
        happened_at="created_at",
        owned_by="group_id -> coupon",
    ),
    declare(
        "coupon",
        "a code that gives access or a discount",
        """
        coupon_id         int64  key
        group_id          int64
        code              text         unique
        reusable          bool
        max_redemptions   int64  null
        valid_from        time   null
        valid_to          time   null  last moment, inclusive
        detail            text   null
        coupon_type       text         ppv_live, ppv_vod or plan
        content_id        int64  null
        package_id        int64  null
        discount_type     text         percent, trial_days or trial_until
        discount_percent  money  null  of 100
        trial_days        int64  null
        trial_until       time   null
        enabled           bool
        created_at        time
        """,
        happened_at="created_at",
        owned_by="coupon_id -> coupon_redemption, purchase",
    ),
    declare(
        "coupon_redemption",
        "a use of a coupon",
        """
        redemption_id  int64  key
        coupon_id      int64
        client_id      int64
        redeemed_at    time
        purchase_id    int64  null
        """,
        happened_at="redeemed_at",
        owned_by="client_id -> client",
    ),
)
