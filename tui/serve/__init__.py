"""A parent that has imported the program, and forks a process for each session over SSH.

`caller` is what the forced command runs: by `calling` it hands its terminal over and waits, or
starts the console in its own stead. `parent` listens and forks, `session` is what the fork does,
and `messages` is what they tell each other.
"""
