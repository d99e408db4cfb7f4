"""Reference tables: companies, people, currencies, products. Small, and timeless but for clients."""

from reports_lib.warehouse.tables.table import EVERYBODY, declare

REFERENCE = (
    declare(
        "company",
        "a company of the group: the holding, or a reseller below its parent",
        """
        company_id         int64  key
        parent_company_id  int64  null  the company above; none for the holding
        name               text         as screens show it
        legal_name         text   null  as documents show it
        address_line       text   null
        city               text   null
        postal_code        text   null
        country            text   null  ISO 3166 alpha-2
        tax_id             text   null
        bank_details       text   null
        currency           text         ISO 4217
        timezone           text   null  IANA name
        external_id        text   null  id in the system the row comes from
        """,
        owned_by="company_id -> company",
    ),
    declare(
        "app_user",
        "an employee who may own clients",
        """
        user_id     int64  key
        login       text
        full_name   text
        email       text
        role        text         admin, analyst, billing or viewer
        company_id  int64
        active      bool
        """,
        owned_by="company_id -> company",
    ),
    declare(
        "client",
        "a client: whoever is served and charged",
        """
        client_id      int64  key
        client_type    text         client, reseller, calling_card, call_shop or ott_user
        name           text
        company_id     int64        the company it belongs to
        owner_user_id  int64  null  the employee who owns it
        currency       text         of its balance, ISO 4217
        status         text         active, blocked, closed or archived
        created_at     time
        activated_at   time   null
        deleted_at     time   null
        timezone       text   null  IANA name
        external_id    text   null  id in the system the row comes from
        """,
        happened_at="created_at",
        owned_by="company_id -> company",
    ),
    declare(
        "client_tag",
        "a label of a client",
        """
        client_id  int64  key
        tag        text   key
        """,
        owned_by="client_id -> client",
    ),
    declare(
        "client_profile",
        "registration data of an OTT user; personal",
        """
        client_id            int64  key
        registration_status  text         registered, confirmed or blocked
        first_name           text   null
        last_name            text   null
        email                text
        phone                text   null
        birth_date           day    null
        gender               text   null
        address              text   null
        city                 text   null
        state                text   null
        country              text   null  ISO 3166 alpha-2
        metadata             text   null  JSON object
        """,
        owned_by="client_id -> client",
    ),
    declare(
        "client_social",
        "a social network that a client linked",
        """
        client_id  int64  key
        network    text   key
        handle     text   null
        """,
        owned_by="client_id -> client",
    ),
    declare(
        "currency",
        "a currency and how many decimals it is shown with",
        """
        code               text   key    ISO 4217
        rate_precision     int64         decimals of exchange rates
        details_precision  int64         decimals of averages and single charges
        totals_precision   int64         decimals of sums
        symbol             text   null
        """,
        owned_by=EVERYBODY,
    ),
    declare(
        "fx_rate",
        "an exchange rate, in force from a moment on until the next of its pair",
        """
        from_currency   text  key
        to_currency     text  key
        effective_from  time  key   inclusive
        rate            rate        units of `to_currency` for one of `from_currency`
        """,
        owned_by=EVERYBODY,
    ),
    declare(
        "service",
        "a service that is rated",
        """
        service_id  int64  key
        name        text
        unit        text         second, message, byte or event
        kind        text         voice, sms, data, chat or other
        """,
        owned_by=EVERYBODY,
    ),
    declare(
        "package",
        "a package, plan or product that clients subscribe to",
        """
        package_id        int64  key
        name              text
        kind              text         subscription or one_time
        currency          text         of its fees
        activation_fee    money
        subscription_fee  money        of one period
        period_unit       text   null  day, month or year
        period_len        int64  null
        trial_days        int64  null
        status            text         active, disabled or archived
        """,
        owned_by=EVERYBODY,
    ),
    declare(
        "trunk",
        "a line to a carrier",
        """
        trunk_id   int64  key
        name       text
        cps_limit  int64  null  call set-ups a second
        """,
        owned_by=EVERYBODY,
    ),
    declare(
        "chat",
        "a chat configuration: a website page, a social network or a third party's service",
        """
        chat_id    int64  key
        name       text
        messenger  text         web, telegram, whatsapp, viber, facebook, alice, yandex, vkontakte, skype, slack, wechat, snapchat, line or other
        """,
        owned_by="chat_id -> chat_session",
    ),
    declare(
        "bot",
        "a script that answers calls and chats",
        """
        bot_id  int64  key
        name    text
        """,
        owned_by="bot_id -> chat_session, call",
    ),
    declare(
        "operator",
        "a person who answers calls and chats",
        """
        operator_id  int64  key
        user_id      int64  null
        name         text
        """,
        owned_by="user_id -> app_user",
    ),
    declare(
        "operator_group",
        "a group of operators",
        """
        group_id  int64  key
        name      text
        """,
        owned_by="group_id -> operator_group_member",
    ),
    declare(
        "operator_group_member",
        "an operator's membership of a group",
        """
        group_id     int64  key
        operator_id  int64  key
        from_at      time   null
        to_at        time   null
        """,
        owned_by="operator_id -> operator",
    ),
    declare(
        "content",
        "something to watch",
        """
        content_id  int64  key
        title       text
        kind        text         live or vod
        """,
        owned_by=EVERYBODY,
    ),
)
