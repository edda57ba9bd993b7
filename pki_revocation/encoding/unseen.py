"""What stands in a text and is none of it: blanks of all kinds, what cannot be seen, what only turns its direction.

A copy out of a window, a document or a mail brings it along. Written out, because the blanks of regular expressions are
another set in each language; the page's script has this one.
"""

# For a set of characters in a regular expression.
UNSEEN = "\t-\r \u0085\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff"
