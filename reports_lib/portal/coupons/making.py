"""Making coupons of a group (MS-30 to MS-42): the form, what it would make, and the making."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.database.schema import CouponType
from reports_lib.errors import ParameterError, StateError
from reports_lib.ops import coupons
from reports_lib.ops.codes import LENGTH
from reports_lib.ops.draft import MOST_COUPONS, Draft
from reports_lib.portal.coupons.common import group_of, wish
from reports_lib.portal.coupons.form import LABELS, Form, empty, read
from reports_lib.portal.coupons.words import DISCOUNTS, TYPES, availability, discount, named
from reports_lib.portal.invoices.common import installation_of, new_key, now, zone_of
from reports_lib.portal.language import _, ngettext
from reports_lib.portal.page import page, visitor_of
from reports_lib.portal.posted import kept
from reports_lib.portal.route import WRITES, Route


@dataclass(frozen=True)
class Preview:
    """What would be made, in words."""

    headline: str
    button: str
    lines: list[tuple[str, str]]

    @classmethod
    def of(cls, draft: Draft, form: Form) -> "Preview":
        """That of a draft; media and plan as the form says them."""
        many = ngettext("{count} coupon", "{count} coupons", draft.quantity)
        drawn = _("{count} letters and digits that cannot be guessed, such as {sample}")
        code = draft.name or drawn.format(count=LENGTH, sample="•" * LENGTH)
        redeemed = _("once each")
        if draft.is_reusable:
            most = draft.max_redemptions
            redeemed = ngettext("{count} time at most", "{count} times at most", most) if most else _("without end")
        gives = discount(draft.discount_type, draft.discount_percent, draft.trial_days, draft.trial_until)
        lines = [
            (_("Code"), code),
            (_("Can be redeemed"), redeemed),
            (_("Availability"), availability(draft.valid_from, draft.valid_to)),
            (_("Coupon type"), _(TYPES[draft.coupon_type])),
            (_("Media"), form.get("content_id") if draft.content_id else ""),
            (_("Plan"), _plan(draft, form)),
            (_("It gives"), gives),
            (_("Detail"), draft.detail),
            (_("State"), _("Enabled, ready for use")),
        ]
        headline = _("Preview: {coupons}").format(coupons=draft.name or many)
        button = _("Generate {coupons}").format(coupons=draft.name or many)
        return cls(headline, button, [(name, text) for name, text in lines if text])


def _plan(draft: Draft, form: Form) -> str:
    if draft.coupon_type != CouponType.PLAN:
        return ""
    return form.get("package_id") if draft.package_id else _("any")


def begin(request: Request, group_id: int) -> Response:
    """`GET /coupons/{group}/new`: the form."""
    return _shown(request, group_id, empty())


def preview(request: Request, group_id: int) -> Response:
    """`POST /coupons/{group}/new`: what the form would make, with the button that makes it; nothing is written."""
    form = Form.sent(kept(request))
    draft, form = read(request, group_id, form)
    if draft is not None:
        try:
            coupons.plan(installation_of(request), visitor_of(request), draft, now())
            return _shown(request, group_id, form, draft)
        except (ParameterError, StateError) as problem:
            form = form.refused(problem)
    return _shown(request, group_id, form)


def generate(request: Request, group_id: int) -> Response:
    """`POST /coupons/{group}/generate`: they are made, enabled (MS-42); sent twice with one key it is done once."""
    sent = kept(request)
    form, key = Form.sent(sent), str(sent.get("key", ""))
    draft, form = read(request, group_id, form)
    if draft is not None:
        try:
            made = coupons.generate(installation_of(request), visitor_of(request), wish(request, key), draft)
            return RedirectResponse(f"/coupons/operations/{made.id}", 303)
        except (ParameterError, StateError) as problem:
            form = form.refused(problem)
    return _shown(request, group_id, form)


def _shown(request: Request, group_id: int, form: Form, draft: Draft | None = None) -> Response:
    with Session(installation_of(request).database) as session:
        group = group_of(session, visitor_of(request), group_id)
        return page(
            request,
            "coupons_new.html.j2",
            ParameterError.http_status if form.faults else 200,
            group=group,
            form=form,
            preview=Preview.of(draft, form) if draft else None,
            labels=named(LABELS),
            types=named(TYPES),
            discounts=named(DISCOUNTS),
            most=MOST_COUPONS,
            zone=zone_of(request),
            key=new_key(),
        )


ROUTES = (
    Route("/coupons/{group_id:int}/new", begin, Right.OPERATE),
    Route("/coupons/{group_id:int}/new", preview, Right.OPERATE, WRITES),
    Route("/coupons/{group_id:int}/generate", generate, Right.OPERATE, WRITES),
)
