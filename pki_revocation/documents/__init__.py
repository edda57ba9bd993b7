"""What is printed or kept: `letters` with number and code, the `form` for post and e-mail, and the `receipt`.

`typesetting` sets the templates beside the code; `contact` is the service desk that all of them name.
"""
