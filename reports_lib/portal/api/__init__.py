"""The portal for programs: `/api/v1/…`, JSON in and out, described at `/api/v1/openapi.json`.

Each address asks the same functions as the page beside it; here is only what is sent and what is answered.
"""
