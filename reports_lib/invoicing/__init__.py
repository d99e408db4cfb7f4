"""Invoices that never change: facts frozen, numbered in one transaction, then drawn, kept and corrected."""
