"""Files of call records in the web."""
