"""Tables, and the rules that hold for them whoever calls."""
