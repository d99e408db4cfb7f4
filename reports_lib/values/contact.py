"""The words of contact: channels, messengers and statuses as the warehouse keeps them, and as people read them."""

CHANNELS = {  # TW-09 to TW-13, TW-110
    "sms": "SMS",
    "viber": "Viber",
    "email": "Email",
    "whatsapp": "WhatsApp",
    "push": "Push",
    "vkontakte": "Vkontakte",
    "odnoklassniki": "Odnoklassniki",
}
MESSAGE_STATUSES = {  # TW-112 to TW-120
    "created": "Created",
    "pending": "Pending",
    "delivered": "Delivered",
    "undelivered": "Undelivered",
    "canceled": "Canceled",
    "error": "Error",
    "delayed": "Delayed",
    "created_optional": "Created, optional",
    "omitted_optional": "Omitted, optional",
}
SHORT_STATUSES = {  # M-24; whatever else a warehouse says is OTHER
    "delivered": "Delivered",
    "undelivered": "Not delivered",
    "error": "Not delivered",
    "created": "In progress",
    "created_optional": "In progress",
    "pending": "In progress",
    "delayed": "In progress",
    "canceled": "Not sent",
    "omitted_optional": "Not sent",
}
MESSENGERS = {  # TW-69 to TW-81
    "web": "Web",
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "viber": "Viber",
    "facebook": "Facebook",
    "alice": "Alice",
    "yandex": "Yandex",
    "vkontakte": "Vkontakte",
    "skype": "Skype",
    "slack": "Slack",
    "wechat": "WeChat",
    "snapchat": "Snapchat",
    "line": "Line",
    "other": "Other",
}
CALL_STATUSES = {  # M-54
    "answered": "Answered",
    "no_answer": "No answer",
    "busy": "Busy",
    "rejected": "Rejected",
    "voicemail": "Voicemail",
    "no_channel": "No channel",
    "failed": "Failed",
    "canceled": "Canceled",
    "in_progress": "In progress",
    "unknown": "Unknown",
}
RESULT_STATUSES = {  # JD-80
    "success": "Success",
    "busy": "Busy",
    "no_channel": "No channel",
    "error": "Error",
}
OTHER = "Other"
