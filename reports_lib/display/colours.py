"""The colours of series: a status, a channel or a messenger has one of its own wherever it is drawn.

They are told apart by all kinds of colour vision, and those that stand beside each other by grey as well.
What reached somebody is blue, what is on its way a paler blue, what failed is orange, what was given up grey.
"""

from collections.abc import Sequence

from reports_lib.picture import SERIES
from reports_lib.values import contact

_REACHED, _ON_ITS_WAY, _FAILED, _ERROR = SERIES[0], SERIES[5], SERIES[1], SERIES[4]
_GIVEN_UP, _UNSAID, _BUSY, _UNREACHABLE = "#3f4246", "#6d7073", "#b579a9", "#73371a"

_MESSAGES = {
    "created": _ON_ITS_WAY,
    "pending": "#acd6e4",
    "delivered": _REACHED,
    "undelivered": _FAILED,
    "canceled": _GIVEN_UP,
    "error": _ERROR,
    "delayed": "#7b45b5",
    "created_optional": "#7fa185",
    "omitted_optional": _UNSAID,
}
_SHORT = {"Delivered": _REACHED, "Not delivered": _FAILED, "In progress": _ON_ITS_WAY, "Not sent": _GIVEN_UP}
_CALLS = {
    "answered": _REACHED,
    "no_answer": "#c9bd3c",
    "busy": _BUSY,
    "rejected": "#4e087a",
    "voicemail": "#2aa163",
    "no_channel": _UNREACHABLE,
    "failed": _FAILED,
    "canceled": _GIVEN_UP,
    "in_progress": _ON_ITS_WAY,
    "unknown": _UNSAID,
}
_RESULTS = {"success": _REACHED, "busy": _BUSY, "no_channel": _UNREACHABLE, "error": _ERROR}
_CHANNELS = {"sms": SERIES[0], "email": SERIES[4], "push": "#67094f", "odnoklassniki": "#ddbb6a"}
_MESSENGERS = {  # some are channels as well
    "web": SERIES[0],
    "telegram": SERIES[5],
    "whatsapp": "#269149",
    "viber": "#4d087d",
    "facebook": "#737ac4",
    "alice": "#cf90ae",
    "yandex": "#452a29",
    "vkontakte": "#625141",
    "skype": "#093b51",
    "slack": "#f07577",
    "wechat": "#40e664",
    "snapchat": "#978917",
    "line": "#89d1a3",
    "other": SERIES[6],
}

STATES: dict[str, str] = {
    label.casefold(): colour
    for label, colour in (
        *((contact.CHANNELS[channel], colour) for channel, colour in _CHANNELS.items()),
        *((contact.MESSENGERS[messenger], colour) for messenger, colour in _MESSENGERS.items()),
        *((contact.MESSAGE_STATUSES[status], colour) for status, colour in _MESSAGES.items()),
        *((contact.CALL_STATUSES[status], colour) for status, colour in _CALLS.items()),
        *((contact.RESULT_STATUSES[status], colour) for status, colour in _RESULTS.items()),
        *_SHORT.items(),
    )
}
"""`#rrggbb` by what people read, in small letters."""


def colours(names: Sequence[str]) -> list[str]:
    """`#rrggbb` of each series: a known one has its own, whatever is there beside; others take those that are free.

    More than there are colours begin again with the first.
    """
    known = [STATES.get(name.casefold()) for name in names]
    free = [colour for colour in SERIES if colour not in known] or list(SERIES)
    places = iter(range(len(names)))
    return [own or free[next(places) % len(free)] for own in known]
