"""Words of the trade: moments and zones, intervals, buckets, money, rates, and how people read them.

Nothing here reads a file or asks a database.
"""
