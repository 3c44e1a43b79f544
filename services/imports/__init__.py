"""Files that come in: read by format into one neutral roster, planned, then applied."""
