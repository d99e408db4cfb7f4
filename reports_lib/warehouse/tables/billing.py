"""What is used, charged, paid and invoiced."""

from reports_lib.warehouse.tables.table import declare

BILLING = (
    declare(
        "usage_event",
        "one rated event, one leg of it",
        """
        usage_id        int64  key
        client_id       int64
        account_id      text   null  number or login that was used
        origin          text         orig or term
        service_id      int64
        started_at      time
        ended_at        time   null
        code            text   null  dialled prefix
        code_name       text   null  its destination
        country         text   null  ISO 3166 alpha-2
        volume          money        in the service's unit
        billed_volume   money  null  in the service's unit
        amount          money        charged outside packages, taxes included
        tax             money  null  part of `amount`
        currency        text
        package_id      int64  null  the package that covered it
        package_volume  money  null  in the service's unit, covered by the package
        is_paid         bool         whether it counts as a paid service (M-01)
        result_status   text   null  success, busy, no_channel or error
        peer_client_id  int64  null  the client at the other leg
        peer_amount     money  null  cost at the other leg, in `currency`
        """,
        happened_at="started_at",
        owned_by="client_id -> client",
        veiled="peer_client_id, peer_amount: peer_client_id -> client.client_id",
    ),
    declare(
        "ledger_entry",
        "one movement of a client's balance",
        """
        entry_id           int64  key
        client_id          int64
        posted_at          time
        kind               text         opening, payment, usage_charge, package_activation, package_renewal, extra_charge, correction or refund
        amount             money        positive credits the client, negative charges it
        tax                money  null  part of `amount`
        currency           text
        status             text         approved, pending or void
        payment_account    text   null
        invoice_id         int64  null
        subscription_id    int64  null
        reverses_entry_id  int64  null
        description        text   null
        author_user_id     int64  null
        """,
        happened_at="posted_at",
        owned_by="client_id -> client",
    ),
    declare(
        "balance_snapshot",
        "a client's balance at a moment, an accelerator that a deployment may have",
        """
        client_id  int64  key
        as_of      time   key
        mode       text   key    live or fixed
        currency   text
        balance    money
        """,
        happened_at="as_of",
        owned_by="client_id -> client",
    ),
    declare(
        "client_activity",
        "first and last paid service of a client before old usage was archived",
        """
        client_id      int64  key
        first_paid_at  time   null
        last_paid_at   time   null
        """,
        owned_by="client_id -> client",
    ),
    declare(
        "subscription",
        "a package held by a client",
        """
        subscription_id  int64  key
        client_id        int64
        package_id       int64
        quantity         int64        units held
        assigned_at      time
        activated_at     time   null
        ended_at         time   null
        status           text         pending, active, stopped, cancelled or archived
        """,
        happened_at="assigned_at",
        owned_by="client_id -> client",
    ),
    declare(
        "subscription_period",
        "one charge for a package: its activation, or one period",
        """
        subscription_id  int64  key
        seq              int64  key    0 is the activation fee, 1 the initial renewal, 2 and on the later ones
        kind             text          activation or renew
        period_start     time   null
        period_end       time   null
        charged_at       time   null   when it was charged, which may be before the period
        amount           money         taxes included
        tax              money  null   part of `amount`
        currency         text
        status           text          charged, failed or rolled_back
        is_trial         bool
        """,
        happened_at="charged_at",
        owned_by="subscription_id -> subscription",
    ),
    declare(
        "invoice",
        "an invoice to a client",
        """
        invoice_id         int64  key
        account_number     text         number of the document, unique
        client_id          int64
        issuer_company_id  int64
        kind               text         monthly, top_up, credit_note, cdr or other
        status             text         DRAFT, RECORDED or VOID
        invoice_date       day
        period_start       time   null
        period_end         time   null
        due_date           day    null
        currency           text
        net_total          money
        tax_total          money
        total              money        net and tax
        paid_to_date       money
        file_name          text
        created_at         time
        deleted_at         time   null
        """,
        happened_at="created_at",
        owned_by="client_id -> client",
    ),
    declare(
        "invoice_line",
        "a line of a revision of an invoice",
        """
        invoice_id   int64  key
        revision_no  int64  key
        line_no      int64  key
        description  text
        service_id   int64  null
        quantity     money
        unit_price   money
        amount       money         net
        tax          money
        """,
        owned_by="invoice_id -> invoice",
    ),
    declare(
        "invoice_revision",
        "a changed invoice",
        """
        invoice_id        int64  key
        revision_no       int64  key    from 1
        paid_amount       money         already paid for that period
        total             money
        revised_at        time
        revised_by_name   text
        revised_by_email  text
        comment           text
        document_sha256   text          of the PDF
        """,
        happened_at="revised_at",
        owned_by="invoice_id -> invoice",
    ),
    declare(
        "payment",
        "a payment as its gateway reports it",
        """
        payment_id       int64  key
        client_id        int64
        purchase_id      int64  null
        invoice_id       int64  null
        invoice_number   text   null  number of the receipt
        gateway          text
        method           text         card, cash, transfer, wallet, store or other
        transaction_id   text   null  at the gateway
        amount           money
        currency         text
        status           text         created, pending, approved, rejected, cancelled, refunded or chargeback
        created_at       time
        paid_at          time   null
        refunded_amount  money
        refunded_at      time   null
        raw              text   null  JSON object
        """,
        happened_at="created_at",
        owned_by="client_id -> client",
    ),
)
