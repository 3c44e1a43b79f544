"""The program: command line, App, settings, keymap, styles."""

#: Said here and not asked of the installation's metadata, which takes 60 ms to read.
__version__ = "0.1.0"
