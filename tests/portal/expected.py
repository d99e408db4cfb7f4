"""The one table of who may what with whose things: statuses by role and company (T4, JD-72, G-13, Q-14).

Addresses hold names of things in braces; `new_…` is a thing made for that one request.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tests.portal.place import COMPANIES, FAMILY

INSIDE = ("own", "child")  # of whom a visitor of the company `own` sees what there is
ROLES = ("admin", "analyst", "billing", "viewer")
VISITORS = (*ROLES, "token", "nobody")  # the token is the analyst's
MAY = {  # written down once more: the program's own table is what is tried
    "READ": ("admin", "analyst", "billing", "viewer", "token"),
    "ASK": ("admin", "analyst", "billing", "token"),
    "SHARE": ("admin", "analyst", "billing", "token"),
    "PUBLISH": ("admin", "analyst", "token"),
    "NOTEBOOK": ("admin", "analyst", "token"),
    "INVOICE": ("admin", "billing"),
    "OPERATE": ("admin", "billing"),
    "PERSON": ROLES,  # somebody in a browser
    "MAKER": ("admin", "analyst", "billing"),  # the same, who may also ask
    "": VISITORS,
}
SHOWN = ("report", "tag")  # what a sealed report says of itself, and a link to it (JD-72)
ADMINS = {"admin": 303, "": 403}
KEPT = {"name": "{name}", "choice": "kind=bar&table=rows&x=name&y=n"}
CHOICE = {"table": "rows", "kind": "bar", "x": "name", "y": ["n"]}
NAME = re.compile(r"\{(\w+)\}")


class Case(NamedTuple):
    """An address with things in it, and the status for whoever has the right: `inside` his companies, and outside."""

    route: str
    right: str
    at: str
    inside: int | Mapping[str, int]
    outside: int | Mapping[str, int]
    form: Mapping[str, str] = {}
    nobody: int = 0  # if not that of a page one has to sign in for
    shows: tuple[str, ...] = ()  # words of that company's that may be in the answer nevertheless
    is_slow: bool = False  # it opens the warehouse or draws pixels; its rule is that of others, which all try

    @property
    def names(self) -> set[str]:
        """The things that it holds."""
        return set(NAME.findall(f"{self.at} {' '.join(_texts(self.form))}")) - {"name", "version"}

    def about(self, who: str) -> tuple[str, ...]:
        """Whose things somebody tries it with: all; a role that has the rights of others, those nearest to him."""
        if not self.names:  # it holds none, and is the same with all
            return ("own",)
        if self.right == "OPERATE":  # these open the warehouse as well
            return {"billing": ("own", "sibling"), "admin": ("child",)}.get(who, ("own",))
        if self.is_slow:
            return ("own", "sibling") if who in ("analyst", "viewer") else ()
        return {"admin": tuple(COMPANIES), "analyst": tuple(COMPANIES), "nobody": ("own",)}.get(who, ("own", "sibling"))

    def expected(self, who: str, company: str) -> int:
        if who not in MAY[self.right]:
            if who == "nobody":
                return self.nobody or (303 if self.route.startswith("GET") else 401)
            return 403
        if who == "nobody" and self.nobody:
            return self.nobody
        said = self.inside if company in INSIDE else self.outside
        return said if isinstance(said, int) else said.get(who, said[""])


def _texts(form):
    """The texts of a form, of what is nested in it too."""
    for value in form.values():
        yield from _texts(value) if isinstance(value, dict) else [value] if isinstance(value, str) else []


def filled(form, values):
    """The form with things for their names."""
    return {
        name: filled(value, values)
        if isinstance(value, dict)
        else value.format_map(values)
        if isinstance(value, str)
        else value
        for name, value in form.items()
    }


def by_link(route, form="", right="", **more):
    """An address that a link opens: for whom the link names, of whatever company; and for nobody else."""
    at = route.partition(" ")[2] + "?id={%s}" + form
    closed = 401 if route.startswith("POST") else 303
    for audience, inside, outside, nobody in (
        ("any", 200, 200, closed),
        ("company", 200, 404, closed),
        ("named", 404, 404, closed),
        ("public", 200, 200, 0 if right else 200),
        ("revoked", 404, 404, closed),
        ("expired", 404, 404, closed),
    ):
        yield Case(route, right, at % f"link_{audience}", inside, outside, nobody=nobody, shows=SHOWN, **more)


def of_bill(route, right, inside, bill, form=None, is_slow=False):
    """An address about an invoice: for its companies, and for others there is none such."""
    method, path = route.split(" ")
    at = path.replace("{invoice_id:int}", f"{{{bill}}}").replace("{invoice}", f"{{{bill}}}")
    at = at.replace("{payment_id:int}", "{payment}")
    nobody = 401 if path.startswith("/api/") else 0
    return Case(f"{method} {path}", right, at, inside, 404, form or {}, nobody=nobody, is_slow=is_slow)


CASES = [
    # the list, runs
    Case("GET /", "READ", "/", 200, 200),
    Case("GET /", "READ", "/?q=qv", 200, 200),
    Case("GET /", "READ", "/?state=error", 200, 200),
    *(
        Case("GET /runs/{run_id:int}", "READ", "/runs/{run_*}".replace("*", state), 200, 404)
        for state in ("made", "failed", "waiting", "generating")
    ),
    Case("GET /runs/{run_id:int}/events", "READ", "/runs/{run_made}/events", 200, 404),
    Case("GET /runs/{run_id:int}/events", "READ", "/runs/{run_failed}/events", 200, 404),
    Case("GET /runs/{run_id:int}/notebook", "NOTEBOOK", "/runs/{run_failed}/notebook", 200, 404),
    Case("GET /runs/{run_id:int}/notebook", "NOTEBOOK", "/runs/{run_made}/notebook", 404, 404),
    Case("POST /runs/{run_id:int}/cancel", "ASK", "/runs/{new_waiting}/cancel", 303, 404),
    Case("POST /runs/{run_id:int}/cancel", "ASK", "/runs/{run_made}/cancel", 409, 404),
    Case("POST /runs/{run_id:int}/regenerate", "ASK", "/runs/{run_made}/regenerate", 303, 404),
    Case("POST /runs/{run_id:int}/regenerate", "ASK", "/runs/{run_failed}/regenerate", 303, 404),
    Case("POST /runs/{run_id:int}/link", "SHARE", "/runs/{run_made}/link", 303, 404),
    Case("POST /runs/{run_id:int}/link", "SHARE", "/runs/{run_failed}/link", 409, 404),
    Case("GET /runs/{run_id:int}/delete", "ASK", "/runs/{run_made}/delete", {"admin": 200, "": 403}, 404),
    Case("POST /runs/{run_id:int}/delete", "ASK", "/runs/{new_failed}/delete", ADMINS, 404, {"reason": "x"}),
    Case("POST /runs/{run_id:int}/delete", "ASK", "/runs/{run_waiting}/delete", {"admin": 409, "": 403}, 404),
    # asking
    Case("GET /ask", "ASK", "/ask", 200, 200),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}", 200, 200),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?from_run={{run_made}}", 200, 404),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?from_link={{link_any}}", 200, 200, shows=SHOWN),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?from_link={{link_company}}", 200, 404),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?from_link={{link_named}}", 404, 404),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?set={{set_private}}", 404, 404),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?set={{set_company}}", 200, 404),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?set={{set_public}}", 200, 200),
    Case("GET /ask/{family}", "ASK", f"/ask/{FAMILY}?company={{company}}", 200, 200),
    *(
        Case(
            "POST /ask/{family}",
            "ASK",
            f"/ask/{FAMILY}",
            303,
            422,
            {name: value, "output-type": "html"},
            shows=shown,
            is_slow=name != "company",
        )
        for name, value, shown in (  # what was typed comes back, and no more of it
            ("company", "{company}", ()),
            ("client_tags", "{tag}", ("tag",)),
            ("owner_user", "{staff}", ()),
        )
    ),
    Case("GET /grafana/{family}.json", "ASK", f"/grafana/{FAMILY}.json", 404, 404),  # it has no dashboard
    Case("GET /ask/{family}/days", "ASK", f"/ask/{FAMILY}/days?interval=last+month", 200, 200),
    Case("POST /ask/{family}/save", "ASK", f"/ask/{FAMILY}/save", 303, 303, {"query-name": "{name}"}),
    Case(
        "POST /ask/{family}/save",
        "ASK",
        f"/ask/{FAMILY}/save",
        422,
        422,
        {"query-name": "{name}", "query-instead": "{set_private}"},
    ),
    *(
        Case("GET /ask/{family}/options/{parameter}", "ASK", f"/ask/{FAMILY}/options/{name}?q={words}", 200, 200)
        for name in ("client_tags", "company", "owner_user", "package")
        for words in ("", "qv")
    ),
    # saved queries
    Case("GET /queries", "READ", "/queries", 200, 200),
    Case("GET /queries", "READ", "/queries?q=qv", 200, 200),
    *(
        case
        for kind, inside, outside, change, refuse in (
            ("private", 404, 404, 404, 404),
            ("company", 200, 404, ADMINS, 404),
            ("public", 200, 200, ADMINS, 403),
        )
        for case in (
            Case("GET /queries/{family}/{set_name}", "READ", f"/queries/{FAMILY}/{{set_{kind}}}", inside, outside),
            Case(
                "POST /queries/{family}/{set_name}",
                "ASK",
                f"/queries/{FAMILY}/{{new_set_{kind}}}",
                change,
                refuse,
                {"query-name": "{name}", "query-version": "{version}"},
            ),
            Case(
                "POST /queries/{family}/{set_name}/delete",
                "ASK",
                f"/queries/{FAMILY}/{{new_set_{kind}}}/delete",
                change,
                refuse,
            ),
            Case(
                "POST /queries/{family}/{set_name}/run",
                "ASK",
                f"/queries/{FAMILY}/{{set_{kind}}}/run",
                303 if inside == 200 else 404,
                303 if outside == 200 else 404,
            ),
        )
    ),
    # reports by their links: the only crossing
    *by_link("GET /view"),
    *by_link("GET /view", "&as=html&frame=1"),
    *by_link("GET /view", "&as=csv"),
    *by_link("GET /view/data"),
    *by_link("GET /view/chart"),
    *(
        case
        for route, form in (
            ("GET /view", "&as=xlsx"),
            *((f"GET /view/chart.{kind}", "") for kind in ("json", "svg", "png")),
        )
        for case in by_link(route, form, is_slow=not route.endswith("json"))
        if "link_company" in case.at or "link_revoked" in case.at
    ),
    # kept charts
    *(
        case
        for kind, inside, outside, change, refuse in (
            ("private", 404, 404, 404, 404),
            ("company", 200, 404, ADMINS, 404),
            ("public", 200, 200, ADMINS, 403),
        )
        for case in (
            Case(
                "GET /view/chart",
                "READ",
                "/view/chart?id={of_own}&template={chart_*}".replace("*", kind),
                inside,
                outside,
            ),
            Case(
                "GET /view/chart.json",
                "READ",
                "/view/chart.json?id={of_own}&template={chart_*}".replace("*", kind),
                inside,
                outside,
            ),
            Case(
                "POST /view/chart/rename",
                "READ",
                "/view/chart/rename?id={of_own}&template={new_chart_*}".replace("*", kind),
                change,
                refuse,
                {"name": "{name}"},
            ),
            Case(
                "POST /view/chart/delete",
                "READ",
                "/view/chart/delete?id={of_own}&template={new_chart_*}".replace("*", kind),
                change,
                refuse,
            ),
        )
    ),
    *(
        Case(
            "POST /view/chart/save",
            "ASK",
            "/view/chart/save?id={link_*}".replace("*", audience),
            inside,
            outside,
            KEPT,
            shows=SHOWN,
        )
        for audience, inside, outside in (("any", 303, 303), ("company", 303, 404), ("named", 404, 404))
    ),
    # sharing
    *(
        case
        for audience, inside, outside in (
            ("any", 200, 403),
            ("company", 200, 404),
            ("named", 404, 404),
            ("public", 200, 403),
            ("revoked", 404, 404),
        )
        for case in (
            Case("GET /view/share", "SHARE", "/view/share?id={link_*}".replace("*", audience), inside, outside),
            Case(
                "POST /view/share",
                "SHARE",
                "/view/share?id={link_*}".replace("*", audience),
                303 if inside == 200 else inside,
                outside,
                {"audience": "any_user"},
            ),
            Case(
                "POST /view/revoke",
                "SHARE",
                "/view/revoke?id={link_*}".replace("*", audience),
                303 if inside == 200 else inside,
                outside,
                {"link": "{new_link}"},
            ),
        )
    ),
    Case(
        "POST /view/share",
        "SHARE",
        "/view/share?id={of_own}",
        303,
        422,
        {"audience": "company", "company": "{company}"},
    ),
    Case("POST /view/revoke", "SHARE", "/view/revoke?id={other_own}", 404, 404, {"link": "{new_link}"}),
    # invoices
    Case("GET /invoices", "READ", "/invoices", 200, 200),
    Case("GET /invoices", "READ", "/invoices?q=qv&state=draft", 200, 200),
    *(of_bill("GET /invoices/{invoice_id:int}", "READ", 200, f"bill_{kind}") for kind in ("draft", "recorded", "paid")),
    of_bill("GET /invoices/{invoice_id:int}/document", "READ", 200, "bill_recorded", is_slow=True),
    of_bill("GET /invoices/{invoice_id:int}/document", "READ", 200, "bill_draft", is_slow=True),
    of_bill("POST /invoices/{invoice_id:int}/record", "INVOICE", 303, "new_bill_draft"),
    of_bill("POST /invoices/{invoice_id:int}/record", "INVOICE", 409, "bill_held"),
    of_bill("POST /invoices/{invoice_id:int}/release", "INVOICE", 303, "new_bill_held"),
    of_bill("POST /invoices/{invoice_id:int}/unrecord", "INVOICE", 303, "new_bill_recorded"),
    of_bill("POST /invoices/{invoice_id:int}/sent", "INVOICE", 303, "new_bill_recorded"),
    of_bill("POST /invoices/{invoice_id:int}/discard", "INVOICE", 303, "new_bill_draft"),
    of_bill("POST /invoices/{invoice_id:int}/discard", "INVOICE", 409, "bill_recorded"),
    of_bill("POST /invoices/{invoice_id:int}/pay", "INVOICE", 303, "new_bill_recorded", {"amount": "1"}),
    of_bill("POST /invoices/{invoice_id:int}/pay", "INVOICE", 409, "bill_draft", {"amount": "1"}),
    of_bill(
        "POST /invoices/{invoice_id:int}/revise", "INVOICE", 303, "new_bill_recorded", {"comment": "x", "paid": "1"}
    ),
    of_bill("POST /invoices/{invoice_id:int}/credit", "INVOICE", 303, "new_bill_recorded", {"reason": "{name}"}),
    of_bill("POST /invoices/{invoice_id:int}/payments/{payment_id:int}/cancel", "INVOICE", 303, "new_bill_paid"),
    Case("GET /invoices/pay", "INVOICE", "/invoices/pay?id={bill_recorded}", 200, 404),
    Case("POST /invoices/pay", "INVOICE", "/invoices/pay", 303, 404, {"id": "{new_bill_recorded}"}),
    # files of call records
    Case("GET /cdr", "READ", "/cdr", 200, 200),
    Case("GET /cdr", "READ", "/cdr?q=qv", 200, 200),
    Case("GET /cdr/{file_id:int}", "READ", "/cdr/{file}", 200, 404),
    Case("GET /cdr/{file_id:int}/rejects", "INVOICE", "/cdr/{file}/rejects", 200, 404),
    Case("POST /cdr", "INVOICE", "/cdr?name=a.csv", 403, 403),
    Case("POST /cdr/{file_id:int}/delete", "INVOICE", "/cdr/{new_file}/delete", 303, 404),
    Case("GET /account-balance", "READ", "/account-balance", 200, 200),
    Case("GET /account-balance", "READ", "/account-balance?q=qv", 200, 200, is_slow=True),
    Case("GET /account-balance", "READ", "/account-balance?client={client}", 200, 404, is_slow=True),
    Case(
        "POST /account-balance/invoice",
        "INVOICE",
        "/account-balance/invoice",
        422,  # details of the company are missing
        404,
        {"client": "{client}", "amount": "5"},
    ),
    Case(
        "POST /account-balance/details",
        "INVOICE",
        "/account-balance/details",
        303,
        404,
        {"client": "{client}", "city": "Bern"},
    ),
    # customers
    Case("GET /customers", "OPERATE", "/customers", 200, 200),
    Case("GET /customers", "OPERATE", "/customers?q=qv&first_name=qv", 200, 200),
    Case("GET /customers/{customer_id:int}", "OPERATE", "/customers/{client}", 200, 404),
    Case("GET /customers/{customer_id:int}/edit", "OPERATE", "/customers/{client}/edit", 200, 404),
    Case(  # whoever does not say what he saw changes nothing
        "POST /customers/{customer_id:int}/edit", "OPERATE", "/customers/{client}/edit", 409, 404, {"city": "Bern"}
    ),
    Case("GET /customers/{customer_id:int}/delete", "OPERATE", "/customers/{client}/delete", 200, 404),
    Case("POST /customers/{customer_id:int}/delete", "OPERATE", "/customers/{client}/delete", 409, 404),
    Case(
        "POST /customers/{customer_id:int}/operations/{operation_id:int}/undo",
        "OPERATE",
        "/customers/{client}/operations/1/undo",
        404,
        404,
    ),
    # coupons
    Case("GET /coupons", "OPERATE", "/coupons?q=qv", 200, 200),
    Case("GET /coupons", "OPERATE", "/coupons?of=coupons", 200, 200),
    Case("POST /coupons", "OPERATE", "/coupons", 303, 303, {"name": "{name}"}),
    Case("GET /coupons/offered/{kind}", "OPERATE", "/coupons/offered/plan?q=b", 200, 200),
    Case("GET /coupons/{group_id:int}", "OPERATE", "/coupons/{coupons}", 200, 404, is_slow=True),
    Case("GET /coupons/{group_id:int}/new", "OPERATE", "/coupons/{coupons}/new", 200, 404),
    Case("POST /coupons/{group_id:int}/new", "OPERATE", "/coupons/{coupons}/new", 422, 404, {"way": "one"}),
    Case("POST /coupons/{group_id:int}/generate", "OPERATE", "/coupons/{coupons}/generate", 422, 404, {"way": "one"}),
    Case("GET /coupons/{group_id:int}/switch", "OPERATE", "/coupons/{coupons}/switch?to=on&all=yes", 200, 404),
    Case(
        "POST /coupons/{group_id:int}/switch",
        "OPERATE",
        "/coupons/{coupons}/switch",
        303,
        404,
        {"to": "on", "all": "yes"},
    ),
    Case("GET /coupons/{group_id:int}/codes", "OPERATE", "/coupons/{coupons}/codes", 200, 404, is_slow=True),
    Case("GET /coupons/operations/{operation_id:int}", "OPERATE", "/coupons/operations/{coupon_change}", 200, 404),
    Case(  # one that cannot be undone
        "POST /coupons/operations/{operation_id:int}/undo",
        "OPERATE",
        "/coupons/operations/{coupon_change}/undo",
        409,
        404,
        {"key": "{name}"},
    ),
    # one's own account, and nobody else's
    Case("GET /account", "PERSON", "/account", 200, 200),
    Case(
        "POST /account/password", "PERSON", "/account/password", 422, 422, {"present": "no", "new": "n", "again": "m"}
    ),
    Case("POST /account/browsers/{short}/end", "PERSON", "/account/browsers/{browser}/end", 404, 404),
    Case("POST /account/tokens/{short}/revoke", "PERSON", "/account/tokens/{token}/revoke", 404, 404),
    Case("POST /account/tokens", "MAKER", "/account/tokens", 422, 422, {"label": ""}),
    # whoever comes
    Case("GET /sign-in", "", "/sign-in", 303, 303, nobody=200),
    Case("POST /sign-in", "", "/sign-in", 401, 401, {"name": "{name}", "password": "x"}),
    Case("POST /language", "", "/language", 303, 303, {"code": "en"}),
    Case("GET /health", "", "/health", 200, 200),
    Case("GET /static/vega.js", "", "/static/vega.js", 200, 200),
]

API = "/api/v1"


def of_run(route, right, inside, run="run_made", form=None):
    """An address of the API about a run: for its companies, and for others there is none such."""
    method, path = route.split(" ")
    at = path.replace("{run}", f"{{{run}}}").replace("{format}", "csv").replace("{table}", "rows")
    return Case(f"{method} {API}{path}", right, API + at, inside, 404, form or {}, nobody=401)


PROGRAMS = [
    Case(f"GET {API}/me", "READ", f"{API}/me", 200, 200, nobody=401),
    Case(f"GET {API}/families", "ASK", f"{API}/families", 200, 200, nobody=401),
    Case(f"GET {API}/families/{{family}}", "ASK", f"{API}/families/{FAMILY}", 200, 200, nobody=401),
    *(
        Case(
            f"GET {API}/families/{{family}}/options/{{parameter}}",
            "ASK",
            f"{API}/families/{FAMILY}/options/{name}?q=qv",
            200,
            200,
            nobody=401,
        )
        for name in ("client_tags", "company", "owner_user")
    ),
    Case(
        f"POST {API}/runs",
        "ASK",
        f"{API}/runs",
        202,
        422,
        {"family": FAMILY, "parameters": {"company": "{company}"}},
        nobody=401,
    ),
    Case(f"POST {API}/runs", "ASK", f"{API}/runs", 202, 202, {"family": FAMILY, "query": "{set_public}"}, nobody=401),
    Case(f"POST {API}/runs", "ASK", f"{API}/runs", 202, 404, {"family": FAMILY, "query": "{set_company}"}, nobody=401),
    Case(f"POST {API}/runs", "ASK", f"{API}/runs", 404, 404, {"family": FAMILY, "query": "{set_private}"}, nobody=401),
    Case(f"GET {API}/runs", "READ", f"{API}/runs?limit=500", 200, 200, nobody=401),
    *(
        of_run("GET /runs/{run}", "READ", 200, run=f"run_{state}")
        for state in ("made", "failed", "waiting", "generating")
    ),
    of_run("POST /runs/{run}/cancel", "ASK", 200, run="new_waiting"),
    of_run("POST /runs/{run}/cancel", "ASK", 409),
    of_run("POST /runs/{run}/regenerate", "ASK", 202),
    of_run("DELETE /runs/{run}", "ASK", {"admin": 204, "": 403}, run="new_failed"),
    of_run("DELETE /runs/{run}", "ASK", {"admin": 409, "": 403}, run="run_waiting"),
    of_run("GET /runs/{run}/files/{format}", "READ", 200),
    of_run("GET /runs/{run}/files/{format}", "READ", 409, run="run_failed"),
    of_run("GET /runs/{run}/tables", "READ", 200),
    of_run("GET /runs/{run}/tables/{table}", "READ", 200),
    of_run("GET /runs/{run}/links", "SHARE", 200),
    of_run("POST /runs/{run}/links", "SHARE", 201, form={"audience": "any_user"}),
    Case(f"POST {API}/links/revoke", "SHARE", f"{API}/links/revoke", 204, 404, {"token": "{new_link}"}, nobody=401),
    Case(f"GET {API}/queries", "READ", f"{API}/queries", 200, 200, nobody=401),
    Case(f"POST {API}/queries", "ASK", f"{API}/queries", 201, 201, {"family": FAMILY, "name": "{name}"}, nobody=401),
    Case(f"GET {API}/charts/{{family}}", "READ", f"{API}/charts/{FAMILY}", 200, 200, nobody=401),
    Case(
        f"POST {API}/charts/{{family}}",
        "ASK",
        f"{API}/charts/{FAMILY}",
        201,
        201,
        {"name": "{name}", "choice": CHOICE},
        nobody=401,
    ),
    Case(f"GET {API}/invoices", "READ", f"{API}/invoices?limit=500", 200, 200, nobody=401),
    of_bill(f"GET {API}/invoices/{{invoice}}", "READ", 200, "bill_recorded"),
    of_bill(f"GET {API}/invoices/{{invoice}}/document", "READ", 200, "bill_recorded", is_slow=True),
    *(
        of_bill(f"POST {API}/invoices/{{invoice}}/{word}", "INVOICE", status, f"new_bill_{kind}", form)
        for word, status, kind, form in (
            ("record", 200, "draft", {}),
            ("record", 409, "held", {}),
            ("release", 200, "held", {}),
            ("unrecord", 200, "recorded", {}),
            ("sent", 200, "recorded", {}),
            ("discard", 200, "draft", {}),
            ("payments", 201, "recorded", {"amount": "1"}),
            ("revisions", 201, "recorded", {"comment": "x", "paid": "1"}),
            ("credit-notes", 201, "recorded", {"reason": "{name}"}),
        )
    ),
    Case(f"POST {API}/invoices/pay", "INVOICE", f"{API}/invoices/pay", 404, 404, {"invoices": [1]}, nobody=401),
    Case(
        f"GET {API}/clients/{{client}}/balance",
        "READ",
        f"{API}/clients/{{client}}/balance",
        200,
        404,
        nobody=401,
        is_slow=True,
    ),
    of_bill(f"POST {API}/invoices/{{invoice}}/payments/{{payment}}/cancel", "INVOICE", 200, "new_bill_paid"),
    *(
        Case(
            f"{method} {API}/clients/{{client}}/details",
            right,
            f"{API}/clients/{{client}}/details",
            200,
            404,
            form,
            nobody=401,
            is_slow=True,
        )
        for method, right, form in (("GET", "READ", {}), ("PATCH", "INVOICE", {"city": "Bonn"}))
    ),
    Case(
        f"POST {API}/clients/{{client}}/invoices",
        "INVOICE",
        f"{API}/clients/{{client}}/invoices",
        422,
        404,
        {"amount": "5", "key": "{name}"},
        nobody=401,
    ),
    *(
        Case(
            f"{method} {API}/{things}{{{name}}}{more}",
            right,
            f"{API}/{kind}/{FAMILY}/{{{new}{thing}_{visibility}}}{more}",
            result[0],
            result[1],
            form,
            nobody=401,
        )
        for visibility, sees, changes in (
            ("private", (404, 404), ((404, 404), (404, 404))),
            ("company", (200, 404), (({"admin": 200, "": 403}, 404), ({"admin": 204, "": 403}, 404))),
            ("public", (200, 200), (({"admin": 200, "": 403}, 403), ({"admin": 204, "": 403}, 403))),
        )
        for kind, things, name, thing, writes in (
            ("queries", "queries/{family}/", "query", "set", "ASK"),
            ("charts", "charts/{family}/", "chart", "chart", "READ"),
        )
        for method, more, right, new, result, form in (
            ("GET", "", "READ", "", sees, {}),
            (
                "PUT",
                "",
                writes,
                "new_",
                changes[0],
                {"name": "{name}"} | ({"visibility": "company"} if kind == "queries" else {}),
            ),
            ("DELETE", "", writes, "new_", changes[1], {}),
            *(
                [("POST", "/run", "ASK", "", tuple(202 if s == 200 else s for s in sees), {})]
                if kind == "queries"
                else []
            ),
        )
    ),
]
# what ends what the other cases need: tried apart
APART = {"POST /sign-out", "POST /account/browsers/end"}
