"""The house's HTTP/1.1 server: what reaches an application is complete, and no client can hold anything up.

llhttp parses and libuv waits (`httptools`, `uvloop`). `connection` is one client's, with `framing` to check requests
and `limits` to say how much and how long; `server` gathers what arrived in one turn of the loop, `gateway` lets threads
run the WSGI application, `worker` is one process, and `workers` are all of them on one listening socket.
"""
