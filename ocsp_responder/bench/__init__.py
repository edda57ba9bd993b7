"""How fast a responder answers: `questions` from the register, a `load` on it, and the `command` that reports.

Nothing here is imported by a responder.
"""
