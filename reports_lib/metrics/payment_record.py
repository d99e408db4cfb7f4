"""A payment as its gateway reports it, and as it stood at as-of: there, paid and given back only until then (G-1)."""

import json
from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from reports_lib.warehouse.statement import Tables, as_of

READ = ("payment", "client", "client_profile")
SECRET = frozenset(("cvc", "cvv", "cvv2", "pan", "cardnumber", "password", "secret", "token"))
NOT_SHOWN = "(not shown)"
_PAID = ("approved", "refunded", "chargeback")
_TAKEN_BACK = ("refunded", "chargeback")


def payments(tables: Tables) -> ir.Table:
    """Every payment as it stood, with `customer`: the e-mail, or the name of a client who registered none (MS-47).

    Of those who did, and so have a card, `customer_id` is the number.
    One that was paid at as-of or later was pending then, one that was given back since was approved.
    """
    payment, client, profile = tables("payment"), tables("client"), tables("client_profile")
    is_ahead = (payment.paid_at >= as_of()).coalesce(ibis.literal(False))
    is_kept = (payment.refunded_at >= as_of()).coalesce(ibis.literal(False))
    stood = payment.mutate(
        status=ibis.cases(
            (is_ahead & payment.status.isin(_PAID), "pending"),
            (is_kept & payment.status.isin(_TAKEN_BACK), "approved"),
            else_=payment.status,
        ),
        paid_at=is_ahead.ifelse(ibis.null(payment.paid_at.type()), payment.paid_at),
        refunded_at=is_kept.ifelse(ibis.null(payment.refunded_at.type()), payment.refunded_at),
        refunded_amount=is_kept.ifelse(ibis.literal(0).cast(payment.refunded_amount.type()), payment.refunded_amount),
    )
    named = stood.left_join(profile, "client_id").select(stood, profile.email)
    named = named.left_join(client, "client_id").select(named, client=client.name)
    return named.mutate(
        customer=ibis.coalesce(named.email, named.client, named.client_id.cast("string")),
        customer_id=named.email.isnull().ifelse(ibis.null("int64"), named.client_id),
    )


def fields(raw: str | None) -> list[tuple[str, str | None]]:
    """What a gateway's record says, a name and a text for each thing: `card.brand`, `items.1.price`.

    Figures stay as they are written. What nobody needs to see of a card is not shown. A record that is no JSON is
    one text without a name.
    """
    if not raw or not raw.strip():
        return []
    try:
        found = json.loads(raw, parse_float=str, parse_int=str, parse_constant=str)
        return list(_flat(found, ""))
    except (ValueError, RecursionError):
        return [("", raw)]


def _flat(value: object, name: str) -> Iterator[tuple[str, str | None]]:
    inside: dict[str, object] | None = None
    if isinstance(value, dict):
        inside = value
    elif isinstance(value, list):
        inside = {str(place): each for place, each in enumerate(value, 1)}
    if not inside:
        yield name, _text(value)
        return
    for key, each in inside.items():
        path = f"{name}.{key}" if name else key
        if {_word(key), _word(path.rpartition(".")[0].rpartition(".")[2] + key)} & SECRET:
            yield path, NOT_SHOWN
        else:
            yield from _flat(each, path)


def _word(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _text(value: object) -> str | None:
    """A value that holds no other, as JSON writes it; a text without its quotes, and nothing for what is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None
