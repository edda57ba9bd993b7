"""Certificates arrive as they are issued: `watch` takes the files of a folder, `letters` makes their letters.

`serve` runs both as a service: it needs the database, the pepper and the two folders, and listens on no socket.
"""
