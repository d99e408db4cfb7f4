"""What was said, sent, called and watched, and the files and tickets around it."""

from reports_lib.warehouse.tables.table import GROUP, declare

CONTACT = (
    declare(
        "client_session",
        "a log-in of an OTT user",
        """
        session_id  int64  key
        client_id   int64
        started_at  time
        ip          text   null
        country     text   null  ISO 3166 alpha-2
        browser     text   null
        device      text   null
        isp         text   null
        """,
        happened_at="started_at",
        owned_by="client_id -> client",
    ),
    declare(
        "playback",
        "something watched",
        """
        playback_id  int64  key
        client_id    int64
        content_id   int64
        started_at   time
        seconds      int64
        device       text   null
        isp          text   null
        country      text   null  ISO 3166 alpha-2
        """,
        happened_at="started_at",
        owned_by="client_id -> client",
    ),
    declare(
        "notification",
        "one thing to tell one client, over one or more channels",
        """
        notification_id  int64  key
        client_id        int64  null
        created_at       time
        template         text   null
        """,
        happened_at="created_at",
        owned_by="client_id -> client",
    ),
    declare(
        "message",
        "an attempt to deliver a notification over one channel",
        """
        message_id       int64  key
        notification_id  int64
        channel          text         sms, viber, email, whatsapp, push, vkontakte or odnoklassniki
        status           text         created, pending, delivered, undelivered, canceled, error, delayed, created_optional or omitted_optional
        required         bool
        created_at       time
        sent_at          time   null
        delivered_at     time   null
        parts            int64  null  of an SMS
        text_length      int64  null  characters; in gsm7 those of its extension count twice
        encoding         text   null  gsm7 or ucs2
        price            money
        currency         text
        """,
        happened_at="created_at",
        owned_by="notification_id -> notification",
    ),
    declare(
        "chat_session",
        "a dialogue, from its first message until it is closed",
        """
        session_id  int64   key
        chat_id     int64
        client_id   int64   null
        bot_id      int64   null
        started_at  time
        closed_at   time    null
        closed_by   text    null  user, operator, bot or timeout
        latitude    double  null  degrees
        longitude   double  null  degrees
        """,
        happened_at="started_at",
        owned_by="client_id -> client",
    ),
    declare(
        "chat_message",
        "a message of a dialogue",
        """
        message_id      int64  key
        session_id      int64
        sent_at         time
        sender          text         user, bot, operator or system
        operator_id     int64  null
        text            text   null
        has_attachment  bool
        cost            money
        currency        text
        """,
        happened_at="sent_at",
        owned_by="session_id -> chat_session",
    ),
    declare(
        "chat_assignment",
        "a dialogue given to an operator",
        """
        assignment_id   int64  key
        session_id      int64
        operator_id     int64
        assigned_at     time
        released_at     time   null
        release_reason  text   null  closed, reassigned or timeout
        """,
        happened_at="assigned_at",
        owned_by="session_id -> chat_session",
    ),
    declare(
        "operator_status",
        "an interval in which an operator was online, paused or offline",
        """
        operator_id  int64  key
        from_at      time   key
        to_at        time   null  none while it lasts
        status       text         online, paused or offline
        """,
        happened_at="from_at",
        owned_by="operator_id -> operator",
    ),
    declare(
        "call",
        "a call, answered or not",
        """
        call_id         int64  key
        client_id       int64  null
        client_number   text   null
        trunk_id        int64  null
        bot_id          int64  null
        operator_id     int64  null
        direction       text         in or out
        started_at      time         whole seconds at least
        answered_at     time   null
        ended_at        time   null
        talk_s          int64        seconds
        hold_s          int64  null  seconds
        acw_s           int64  null  seconds of work after the call
        status          text         answered, no_answer, busy, rejected, voicemail, no_channel, failed, canceled, in_progress or unknown
        bot_evaluation  text   null
        price           money  null
        currency        text   null
        """,
        happened_at="started_at",
        owned_by="client_id -> client",
    ),
    declare(
        "cdr_file",
        "an uploaded file of call records",
        """
        file_id       int64  key
        name          text
        size_bytes    int64
        uploaded_at   time
        processed_at  time   null
        status        text         waiting, processing, success or error
        deleted_at    time   null
        """,
        happened_at="uploaded_at",
        owned_by=GROUP,
    ),
    declare(
        "help_ticket",
        "a request for help",
        """
        ticket_id    int64  key
        opened_at    time
        resolved_at  time   null
        status       text         open, pending, resolved or closed
        """,
        happened_at="opened_at",
        owned_by=GROUP,
    ),
)
