"""Letters: `letter` sets the overview with number and code, and `maker` makes codes and letters for a register.

`eligibility` says which certificates may have a code, `drawing` draws codes, `single_letters` and `printing` write
them, and `code_store` makes a code count once its letter is on disk. `private_folder` brings files there whole and
unread by others, `run_files` and `manifest` are what a run leaves, and `killed_runs` ends what was killed.
"""
