"""The program: command line, App, settings, keymap, styles."""
