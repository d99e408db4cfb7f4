"""The words of what is sold to watch: registrations, purchases, payments, coupons, as kept and as people read them."""

from collections.abc import Mapping

USER = "ott_user"  # the type of clients that register and buy on the platform
OTHER = "Other"  # whatever else a warehouse says
UNKNOWN = "Unknown"  # where it says nothing (M-73, M-76)

REGISTRATION_STATUSES = {  # MS-02
    "registered": "Registered",
    "confirmed": "Confirmed",
    "blocked": "Blocked",
}
PURCHASE_KINDS = {  # M-71
    "subscription": "Subscription",
    "ppv_live": "PPV live",
    "ppv_vod": "PPV VOD",
}
PURCHASE_STATUSES = {
    "approved": "Approved",
    "pending": "Pending",
    "rejected": "Rejected",
    "cancelled": "Cancelled",
}
PAYMENT_STATUSES = {  # MS-53
    "created": "Created",
    "pending": "Pending",
    "approved": "Approved",
    "rejected": "Rejected",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "chargeback": "Chargeback",
}
PAYMENT_METHODS = {  # MS-70, M-76
    "card": "Card",
    "cash": "Cash",
    "transfer": "Transfer",
    "wallet": "Wallet",
    "store": "Store",
    "other": "Other",
}
COUPON_TYPES = {  # MS-36 to MS-38
    "ppv_live": "PPV live",
    "ppv_vod": "PPV VOD",
    "plan": "Plan",
}
DISCOUNT_TYPES = {  # MS-39 to MS-41
    "percent": "Percentage",
    "trial_days": "Trial days",
    "trial_until": "Trial until a date",
}
COUPON_STATES = {  # M-78
    "available": "Available",
    "not_yet": "Not yet available",
    "used_up": "Used up",
    "expired": "Expired",
    "disabled": "Disabled",
}
NETWORKS = {  # MS-07
    "facebook": "Facebook",
    "google": "Google",
    "instagram": "Instagram",
    "x": "X",
    "apple": "Apple",
}


def label(words: Mapping[str, str], word: str | None) -> str:
    """What people read for a word: one of these, `UNKNOWN` where there is none, `OTHER` where it is none of these."""
    return words.get(word, OTHER) if word else UNKNOWN
