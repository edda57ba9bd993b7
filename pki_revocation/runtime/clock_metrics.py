"""What operators watch of a clock: how far it is from each other one, and whether that is too far."""

from prometheus_client import Gauge

_OFFSET = Gauge(
    "clock_offset_seconds",
    "Seconds by which a clock is ahead: this process's of the kernel's, the machine's of the boot clock's mark, and of "
    "the database server's",
    ["against"],
    multiprocess_mode="livemostrecent",
)
_ALARM = Gauge("clock_alarm", "1 while one of these is more than 5 seconds", multiprocess_mode="livemax")


def observed(*, process: float, boot: float | None, server: float | None, is_wrong: bool) -> None:
    """Set the figures; None for a clock that says nothing."""
    for against, seconds in (("kernel", process), ("boot", boot), ("server", server)):
        if seconds is not None:
            _OFFSET.labels(against).set(seconds)
    _ALARM.set(is_wrong)
