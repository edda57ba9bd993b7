"""How much one client may send, and how long it may take: each bound keeps one client from holding up the others."""

import resource
from dataclasses import dataclass

_KEPT_DESCRIPTORS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in octets, times in seconds, kept to within *sweep_seconds*.

    *head* and *header_lines* bound what is parsed before anything is known, *target* the request line's; *body* is the
    application's to say, and is held in memory for each connection until the request is complete. *head_seconds* count
    from a request's first octet, *body_seconds* from the end of its head, and *idle_seconds* from the last reply.
    *stalled_seconds* is how long a client may take nothing of a reply that waits; one that takes it slowly may.
    *linger_seconds* is how long a client may still send after its last reply, whose loss a reset would be. *waiting*
    requests of one connection are answered before it is read on. *connections* are held by one worker, and *unfinished*
    octets, roughly, of what all of them have sent and is no complete request yet. Every *sweep_seconds* the server
    looks at what is overdue, and moves its clock.
    """

    target: int = 8 * 1024
    head: int = 16 * 1024
    header_lines: int = 64
    body: int = 64 * 1024
    head_seconds: float = 10
    body_seconds: float = 20
    idle_seconds: float = 75
    stalled_seconds: float = 30
    linger_seconds: float = 5
    waiting: int = 16
    connections: int = 10_000
    unfinished: int = 64 * 1024 * 1024
    sweep_seconds: float = 1


def connections_allowed(wanted: int) -> int:
    """How many connections, *wanted* at most, this process has descriptors for; raises its RLIMIT_NOFILE first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - _KEPT_DESCRIPTORS))
