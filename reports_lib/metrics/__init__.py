"""Figures: pure functions from Ibis tables to an Ibis table, one module a subject.

A metric takes tables as arguments, opens no connection and executes nothing; only the module that
is named for a report puts them side by side, executes once, and names what it found.

Two fact tables are never joined row to row, for then a client with three refills and two packages
would count each refill twice: each is aggregated to the report's keys first, and only the small
results are put together.
"""
