"""Saved queries: listed, saved, edited, run and scheduled."""
