"""What Daybook costs, measured beside what one would use without it.

    python -m bench.pipeline     a report, from the question to the sealed snapshot     make bench
    python -m bench.metrics      the query of Customer Dynamics
    python -m bench.contacts     the queries of messages, chats, operators and calls
    python -m bench.snapshots    the store
    python -m bench.ingest       a load of a million lines
    python -m bench.coupons      ten thousand coupons, made and in the warehouse

Each makes a workspace of its own in a temporary folder and prints Markdown. Both sides run in one go,
in turn, so that a busy machine is busy for both; figures are medians, with the least and the most.
"""
