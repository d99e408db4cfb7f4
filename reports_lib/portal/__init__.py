"""The web: pages around sealed reports. Nothing outside this room knows HTTP."""
