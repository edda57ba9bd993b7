"""The house's HTTP/1.1 server: what reaches an application is complete, and no client can hold anything up.

llhttp parses and libuv waits (`httptools`, `uvloop`). `connection` is one client's, with `reader` for its requests and
`limits` to say how much and how long; `server` gathers what arrived in one turn of the loop, `gateway` has threads run
the WSGI application as `wsgi` says, `worker` is one process, and `workers` are all of them on one listening socket, of
which each tells its parent by a `heartbeat` that it serves.
"""
