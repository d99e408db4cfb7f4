"""Browsers in which a user has signed in before: strangers who try his name do not keep them out.

Such a browser shows a mark that only the server can make, for it is signed with what is kept of the
user's password; a new password makes all marks void. A mark lets nobody in: it only has its own
count of tries instead of the name's.
"""

import hashlib
import hmac
import secrets

from reports_lib.database.schema import Account


def mark(account: Account) -> str:
    """A new mark for a browser of that user."""
    number = secrets.token_urlsafe(12)
    return f"{number}.{_signed(account, number)}"


def number_of(account: Account, shown: str) -> str:
    """Which browser shows that mark; empty if it is none of this user's."""
    number, _, signature = shown.partition(".")
    is_his = hmac.compare_digest(_signed(account, number).encode(), signature.encode())
    return number if is_his else ""


def _signed(account: Account, number: str) -> str:
    text = f"daybook familiar {account.id} {number}"
    return hmac.new(account.password_hash.encode(), text.encode(), hashlib.sha256).hexdigest()
