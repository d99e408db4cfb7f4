"""What customers and the things known of them are called."""

from collections.abc import Sequence

from reports_lib.portal import language
from reports_lib.portal.language import N_, _
from reports_lib.values.selling import NETWORKS

STATUSES = {  # MS-02
    "registered": N_("Registered"),
    "confirmed": N_("Confirmed"),
    "blocked": N_("Blocked"),
}
FILTERS = {  # MS-11
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "phone": N_("Phone"),
    "gender": N_("Gender"),
    "born_since": N_("Born from"),
    "born_until": N_("Born until"),
    "country": N_("Country"),
    "state": N_("State"),
    "city": N_("City"),
    "address": N_("Address"),
    "network": N_("Social network"),
    "metadata": N_("Metadata"),
    "since": N_("Created from"),
    "until": N_("Created until"),
}
BASIC = ("registration_status", "first_name", "last_name", "email", "phone", "birth_date", "gender")  # MS-13
ADDRESS = ("address", "city", "state", "country")  # MS-14
LABELS = {
    "registration_status": N_("Registration status"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "email": N_("E-mail"),
    "phone": N_("Phone"),
    "birth_date": N_("Date of birth"),
    "gender": N_("Gender"),
    "address": N_("Address"),
    "city": N_("City"),
    "state": N_("State"),
    "country": N_("Country"),
}
SHAPES = {"registered": "queued", "confirmed": "generated", "blocked": "error"}  # of the badge


def status_word(status: str) -> str:
    """How far a registration is; as the warehouse has it where that is none of ours."""
    return _(STATUSES[status]) if status in STATUSES else status


def country_name(code: str | None) -> str:
    """A country in the language of the answer, "" where none is known (T-65)."""
    return str(language.current().locale.territories.get(code, code)) if code else ""


def network_name(network: str) -> str:
    """A social network as it writes itself."""
    return NETWORKS.get(network, network)


def full_name(parts: Sequence[str | None]) -> str:
    """First and last name, as far as they are known."""
    return " ".join(filter(None, parts))
