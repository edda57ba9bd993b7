"""Documents on paper and screen: `letter` sets the overview with number and code, `letters` makes them for a register.

`eligibility` says which certificates may have a code, `private_folder` brings files to disk whole and unread by others.
"""
