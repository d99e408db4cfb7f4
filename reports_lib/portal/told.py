"""Errors of the lower rooms, which speak English, in the language of the answer.

A sentence of the table is the very English that is raised, with places for its values; the texts that
people see are its translations. What no sentence of the table is stays English.
"""

import re
from collections.abc import Mapping
from functools import cache

from reports_lib.portal import language
from reports_lib.portal.ask.form import label
from reports_lib.portal.language import N_, _

# The first that fits counts, so what is said more exactly stands before what is said less so.
SENTENCES = (
    N_("{field}: it cannot be empty"),
    N_("{field}: take out the control characters, such as tabs and line breaks"),
    N_("{field}: {count} letters are too many; at most {most}"),
    N_("{field}: {text} is not true or false, as what stands there is"),
    N_("{field}: {text} is not a number, as what stands there is"),
    N_("{field}: {text} is not a JSON list, as what stands there is"),
    N_("{field}: {text} is not a JSON object, as what stands there is"),
    N_("{field}: {count} values are all that metadata may have"),
    N_("{field}: {text} is not a day of the past such as 1990-05-31"),
    N_("{field}: {text} is not a number such as +44 20 7946 0000"),
    N_("{field}: {text} is not one e-mail address such as ann@example.com"),
    N_("{field}: another customer has {email}; each has an address of his own"),
    N_("metadata: what is there is no JSON object; mend it in the system that the rows come from"),
    N_("customer {number} is deleted; undo that before you change anything of him"),
    N_("customer {number} has not registered; there is nothing to change"),
    N_("nothing of customer {number} would change: say what shall be different"),
    N_("somebody has changed customer {number} meanwhile; look at what he is now, then change that"),
    N_("operation {number} was undone already"),
    N_("the key {key} was used for another change: {kind}, {subject}"),
    N_("{count} of the coupons of operation {number} were redeemed; disable the others"),
    N_("there is a coupon group {name} already"),
    N_("a coupon group's name has 1 to {count} letters that can be printed"),
    N_("there is a coupon {code} already; think of another name"),
    N_("{text} does not have {least} to {most} letters"),
    N_("{text} has other signs than letters, digits and {signs}"),
    N_("{day} has passed"),
    N_("{day} is before {first}, the first day"),
    N_("{text} is not a day such as {example}"),
    N_("{text} is not a percentage such as 20 or 12.5, above 0 and at most 100"),
    N_("{text} is not one line of at most {count} letters"),
    N_("only a plan can be tried, not what is bought once"),
    N_("what operation {number} changed is forgotten; it cannot be undone any more"),
    N_("the key {key} was used for another change; use a new one for this"),
    N_("{parameter} is required, such as last month or {example}"),
    N_("{parameter} is required"),
    N_("{text} is not a whole number from {low} to {high}"),
    N_("{text} is not yes or no"),
    N_("{text} is not a currency code such as EUR"),
    N_("{text} is not a time zone such as Europe/Kyiv"),
    N_("{text} cannot be chosen: there is nothing to choose from yet"),
    N_("{text} is not there; did you mean {close}?"),
    N_("{text} is not one of the {count} there are"),
    N_("{text} is not one of {values}"),
    N_("{text} means several: {values}; write one"),
    N_("{text} is longer than {count} characters"),
    N_("{text} holds a control character"),
    N_("{parameter} has more than {count} values"),
    N_("{text} ends before it begins"),
    N_("{text} is not like {examples} or last month"),
    N_("{text} has no length"),
    N_("{text} is not within the years {first} to {last}"),
    N_("{text} is not one e-mail address such as ann@example.com"),
    N_("mail may not go to {address}, only to {domains} (DAYBOOK_MAIL_DOMAINS)"),
    N_("cron {line} cannot be read; it must be like '0 6 1 * *'"),
    N_("its owner {name} is no user"),
    N_("its owner {name} is disabled"),
    N_("its owner {name} may not schedule reports any more"),
    N_("run {number} has made its report and cannot be cancelled"),
    N_("run {number} has failed and cannot be cancelled"),
    N_("run {number} was cancelled and cannot be cancelled"),
    N_("run {number} is being made; it can be made again once it has ended"),
    N_("run {number} is being made: cancel it, then delete it"),
    N_("cancelled by {name}"),
    N_("there is nothing to report on yet: no data in {tables}"),
    N_("no family named {name}; did you mean {close}?"),
    N_("no family named {name}; there is {names}"),
    N_("no family named {name}"),
    N_("no saved query of {family} named {name}; did you mean {close}?"),
    N_("no saved query of {family} named {name}; there is {names}"),
    N_("no saved query of {family} named {name}"),
    N_("no format named {name}; did you mean {close}?"),
    N_("no format named {name}; there is {names}"),
    N_("this report was made without {form}; ask for it again with that format"),
    N_("invoice {number} has been sent; correct it by a credit note"),
    N_("invoice {number} has been revised; correct it by a credit note"),
    N_("invoice {number} is part of a correction; correct it by a credit note"),
    N_("invoice {number} has been paid; correct it by a credit note"),
    N_("invoice {number} is held: {reasons}; release it first"),
    N_("invoice {number} is not recorded; record it before it is sent"),
    N_("invoice {number} is not recorded"),
    N_("invoice {number} is no draft, so nothing holds it"),
    N_("invoice {number} was thrown away"),
    N_("invoice {number} is VOID; only a recorded one can be paid or corrected"),
    N_("the next number of {series} cannot be of {day}: the number before it is of {other}, and dates follow numbers"),
    N_("{number} cannot be of {day}: the number before it is of {other}, and dates follow numbers"),
    N_("{number} cannot be of {day}: the number after it is of {other}, and dates follow numbers"),
    N_("the chain of {series} lacks its last link, so nothing is recorded; see `daybook invoice verify`"),
    N_("{number} has revision {revision} meanwhile; look at it, then revise that"),
    N_("{number} is a credit note; those are not revised"),
    N_("{number} is a credit note; write an invoice instead"),
    N_("{number} is a top-up that was paid; cancel its payment first"),
    N_("payment {number} is what a top-up added; cancel the payment of the top-up"),
    N_("this key was used for another credit note, {number}"),
    N_("the key {key} was used for another payment, {number}"),
    N_("the key {key} was used for another invoice, {number}"),
    N_("somebody has changed the details of client {client} meanwhile; compare, then keep yours"),
    N_("invoice {number} is DRAFT; only a recorded one can be paid or corrected"),
    N_("invoice {number} is recorded; only drafts can be thrown away"),
    N_("say why: the comment of a revision is empty"),
    N_("say why: the reason of a credit note is empty"),
    N_("{amount} is not an amount above 0"),
    N_("{amount} has more than {places} decimals"),
    N_("nothing of {number} is changed: give other lines or an amount that is paid"),
    N_("{amount} of {number} are paid or credited; it cannot be less"),
    N_("nothing is left of {number} that could be credited"),
    N_("{amount} are more than the {left} left of {number}"),
    N_("{number} is a credit note; nobody pays it"),
    N_("country: {text} is not a code of two letters such as DE (ISO 3166)"),
    N_("email: {text} is no address such as ann@example.com"),
    N_("tax_rate: {text} is not a percentage such as 19 or 7.5"),
    N_("the warehouse is empty; `daybook demo` or `daybook ingest` fills it"),
    N_("the database at {place} cannot be reached: {reason}"),
    N_("too many tries; wait {seconds} s and try again"),
    N_("many sign in at once; try again in some seconds"),
    N_("that browser is not signed in any more"),
    N_("you have no token {token}"),
)
_NAMED = re.compile(r"([a-z][a-z0-9_]*) (?=['\"])")  # a schema's errors begin with the parameter
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)


def told(problem: object) -> str:
    """What an error says, in the language of this answer."""
    text = str(problem)
    if language.current().code == "en":
        return text
    named = _NAMED.match(text)
    if named and (rest := _translated(text[named.end() :])):
        return f"{label(named[1])}: {rest}"
    return _translated(text) or text


def _translated(text: str) -> str:
    """The translation of a sentence of the table; empty if it is none, or nobody has put it into the language."""
    for sentence in SENTENCES:
        found = _pattern(sentence).fullmatch(text)
        if found and (known := _(sentence)) != sentence:
            return known.format(**_values(found.groupdict()))
    return ""


def _values(found: Mapping[str, str]) -> dict[str, str]:
    """The values without the quotes of a program; each language puts its own around them."""
    bare = {name: _QUOTED.sub(r"\2", text) if _QUOTED.fullmatch(text) else text for name, text in found.items()}
    return bare | ({"parameter": label(bare["parameter"])} if "parameter" in bare else {})


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", sentence)
    texts, places = parts[::2], [*parts[1::2], ""]
    found = (f"(?P<{place}>.+?)" if place else "" for place in places)
    written = (re.escape(text) + place for text, place in zip(texts, found, strict=True))
    return re.compile("".join(written), re.DOTALL)
