"""Mail without the database: settings, templates, sending, replies and bounces.

`url` reads where mail goes; `templates` makes the bytes of a message; `transport` delivers
them and says what came of it in the classes of `replies`; `bounces` reads what came back.
"""
