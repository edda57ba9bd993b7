"""Answers without waiting, and never `good` after a revocation was confirmed.

`watch` keeps up with the journal, through `sqlite_journal` or `postgresql_journal`; `answer_cache` and `statuses` hold
what was signed and looked up, until the watch says that it changed; `layer` answers from them in the server's loop,
in front of Flask, and lets Flask have whatever is unusual or would wait; `report` tells operators how far it is.
"""
