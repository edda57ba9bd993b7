"""When CRLs are made, and how long they are good for: schedules that are versions in the database and leave no gap.

`schedule` is one schedule as a value, with its bounds from `profiles`; `run_times`, `local_time` and `blackouts` say
when its routine comes, `timeline` does for versions that follow each other. `coverage` proves that no instant is left
without a valid CRL, `simulation` plays what happens, `due` decides what the running publisher does, and `book` keeps
the versions. `preview` and `drawing` show them.
"""
