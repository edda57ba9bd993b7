"""Which side is late when a connection's deadline has passed, and what becomes of the connection.

A deadline is set when something begins and not moved by each octet, so much may have happened since. What is true when
it has passed is judged here, in the order of which side is waited for: the steps must not change places.
"""

from enum import Enum

# More than any buffer: what a client has not taken was not compared yet.
NOT_LOOKED_AT = 1 << 62


class Verdict(Enum):
    """What becomes of the connection."""

    TAKES = "the client takes what was sent, slowly"
    WAITED_FOR = "the client takes nothing, and has time yet"
    TOOK_ALL = "the client has taken everything, and its time begins anew"
    OURS = "the application is late: the client's time begins anew"
    LATE = "a request was begun and does not end"
    OVER = "the connection ends"


def judge(  # noqa: PLR0911, PLR0913 - a fact for each step, and a verdict
    untaken: int, before: int, *, stalled: bool, paused: bool, lingering: bool, owed: bool, begun: bool
) -> Verdict:
    """What becomes of a connection whose deadline has passed.

    Args:
        untaken: octets of replies that the client has not taken.
        before: so many they were at the last look; `NOT_LOOKED_AT` where there was none.
        stalled: whether they have not become fewer for as long as a client may stall.
        paused: whether its requests are not read now.
        lingering: whether it had its last reply.
        owed: whether the application has yet to answer it.
        begun: whether a request of its has begun and is not complete.
    """
    if untaken:
        # 1. A reply waits for the client. Nothing else counts meanwhile: what it sends is not read while it takes
        # nothing, so no request of it can be late. The buffer is compared at every sweep, because the deadline stays in
        # the past: a client whose buffer has shrunk since the last sweep is slow and may be so for as long as it likes;
        # one whose buffer has not, for as long as it may stall, is ended. `NOT_LOOKED_AT` is more than any buffer, so
        # the first sweep always counts as progress and begins the wait.
        if untaken < before:
            return Verdict.TAKES
        return Verdict.OVER if stalled else Verdict.WAITED_FOR
    if before != NOT_LOOKED_AT or paused:
        # 2. It has taken everything since the last sweep, or reading was paused until now: the time in which it could
        # not send was ours. Whatever it owes us (a request's rest, the next request, the end) gets its whole time from
        # here, in the next round of this function.
        return Verdict.TOOK_ALL
    if lingering:
        # 3. It has had its last reply and the time to read it; a reset can take nothing from it any more. Before 4,
        # because exchanges are over then, and before 5, because what it still sends is no request.
        return Verdict.OVER
    if owed:
        # 4. It is the application that is late, which is no fault of the client's, however short its limits are. Before
        # 5: the next request may be half there, and its time begins when that of this one is over.
        return Verdict.OURS
    if begun:
        # 5. A head or a body has begun and does not end: the one case in which there is something to tell it (RFC 9110
        # section 15.5.9). The refusal is a last reply: the connection lingers from here, and ends by 3.
        return Verdict.LATE
    # 6. Silence between requests: there is nothing to answer (RFC 9112 section 9.5).
    return Verdict.OVER
