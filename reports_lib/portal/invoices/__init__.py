"""Invoices: the list, one of them, what is done with it, and the balance of a client."""
