"""What a million revoked certificates add to the responder's memory, after 200,000 different ones were asked about.

Both processes are asked as often; the one without a million is asked about its thousand. So the kept answers, which
[ocsp] cache_mib bounds, are in the figure; what the entries alone need, before anything was kept, stands beside it.
"""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row
from benchmarks.processes import pss_mib
from benchmarks.wrk import Plan, load
from ocsp_responder.bench.questions import CACHED_POST

from .installation import Prepared, prepare, say
from .million import million_revoked

ROW = Row(name="memory", title="memory per 1,000,000 revoked, beyond the base process", unit="MiB", must=40, aim=22)
# A slow machine is given more time, so that every certificate was asked about in one run.
_SECONDS = (30, 60, 120, 240)


def measure(campaign: Campaign) -> list[Cell]:
    """The same responder with a thousand good and with a million revoked certificates."""
    small, large = prepare(campaign.folder / "installation"), million_revoked(campaign.folder / "million")
    base_first, base, _ = _memory(small)
    first, full, asked = _memory(large)
    beside: dict[str, float | int | str] = {
        "before questions MiB": first - base_first,
        "base MiB": base,
        "questions": asked,
    }
    return [Figure(row=ROW, who="pki-revocation", value=full - base, beside=beside)]


def _memory(subject: Prepared) -> tuple[float, float, int]:
    """After the first answer, and after many; and how many."""
    with subject.responder() as process:
        first = pss_mib(process)
        for seconds in _SECONDS:
            done = load(Plan(host=subject.host, requests=subject.requests(CACHED_POST)), seconds)
            if done.failed or done.requests >= len(subject.about):
                break
        full = pss_mib(process)
    say(f"{len(subject.about):,} certificates asked about: {first:.1f} MiB, then {full:.1f} MiB")
    if done.failed or done.requests < len(subject.about):
        raise AssertionError(f"{done.requests} questions, {done.failed} of them failed")
    return first, full, done.requests


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
