"""A finished report: who may read it, its page, its links, and what is kept at hand for reading it fast."""
