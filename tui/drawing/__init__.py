"""Drawing on a plain terminal: what changed on the screen, and no more (DESIGN §8).

`abilities` says what a terminal understands, `cells` what the screen should hold, `changes`
the bytes from one picture to the next, `line` how they leave without ever holding the
program up, and `driver` puts them in the place of Textual's own.
"""
