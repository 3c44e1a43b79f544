"""The program as OpenSSH runs it for people who have no shell on its machine (`deploy/`)."""
