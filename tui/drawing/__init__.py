"""The way from what Textual draws to what a terminal gets: cells, abilities, changes."""
