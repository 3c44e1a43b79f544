"""The command line: one module a group of commands, each light to import."""
