"""The subscriber's face: the page that revokes with a number and a code, and the JSON endpoint that does the same.

`app` puts it together; `page`, `api` and `receipts` answer requests; `tokens` signs what goes out and comes back;
`problems` and `error_pages` say what went wrong, in one place each. Works without JavaScript;
`static/page.js` adds to it.
"""
