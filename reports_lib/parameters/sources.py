"""What there is to choose: `Choices[Channel]` takes its options from the source `Channel`."""

from collections.abc import Mapping

from reports_lib.parameters.options import Option, Source, fixed
from reports_lib.values import contact, selling


def _called(labels: Mapping[str, str]) -> Source:
    return Source(fixed=tuple(Option(value, label) for value, label in labels.items()))


Currencies = Source("currency")  # several currencies; one of them is the kind `Currency`
ClientType = fixed("client", "reseller", "calling_card", "call_shop")
ClientTag = Source("client_tag")
Company = Source("company")
OwnerUser = Source("owner_user")
Package = Source("package")

Channel = _called(contact.CHANNELS)
MessageStatus = _called(contact.MESSAGE_STATUSES)
Messenger = _called(contact.MESSENGERS)
ResultStatus = _called(contact.RESULT_STATUSES)
Chat = Source("chat")
Bot = Source("bot")
Operator = Source("operator")
OperatorGroup = Source("operator_group")

RegistrationStatus = _called(selling.REGISTRATION_STATUSES)
PurchaseKind = _called(selling.PURCHASE_KINDS)
PaymentStatus = _called(selling.PAYMENT_STATUSES)
PaymentMethod = _called(selling.PAYMENT_METHODS)
CouponType = _called(selling.COUPON_TYPES)
DiscountType = _called(selling.DISCOUNT_TYPES)
CouponState = _called(selling.COUPON_STATES)
CouponGroup = Source("coupon_group")
Gateway = Source("gateway")
Network = Source("network")
Country = Source("country")

SOURCES: dict[str, Source] = {
    "Currencies": Currencies,
    "ClientType": ClientType,
    "ClientTag": ClientTag,
    "Company": Company,
    "OwnerUser": OwnerUser,
    "Package": Package,
    "Channel": Channel,
    "MessageStatus": MessageStatus,
    "Messenger": Messenger,
    "ResultStatus": ResultStatus,
    "Chat": Chat,
    "Bot": Bot,
    "Operator": Operator,
    "OperatorGroup": OperatorGroup,
    "RegistrationStatus": RegistrationStatus,
    "PurchaseKind": PurchaseKind,
    "PaymentStatus": PaymentStatus,
    "PaymentMethod": PaymentMethod,
    "CouponType": CouponType,
    "DiscountType": DiscountType,
    "CouponState": CouponState,
    "CouponGroup": CouponGroup,
    "Gateway": Gateway,
    "Network": Network,
    "Country": Country,
}
"""All of them, by name."""
