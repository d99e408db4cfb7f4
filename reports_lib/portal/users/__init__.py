"""Signing in, and what a user keeps for himself."""
