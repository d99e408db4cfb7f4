"""Customers: the list, the card of one, and what is changed of him."""
