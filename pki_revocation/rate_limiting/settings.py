"""[limits]: how many wrong codes are taken from where."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pki_revocation.config.sections import setting

from .client_address import TrustedProxies

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: wrong codes. Right ones count nowhere; no number is ever locked, whatever is tried at it.

    A source is an IPv4 address or an IPv6 /64. Within *window* it may fail *per_number* times at one number, and
    *per_source* times in all; while all sources together fail over *overall_per_minute* times a minute, *per_source* is
    *per_source_when_busy* instead. After *alarm_after* failures at one number, from wherever, its contact is told, once
    until *episode* passed without any. *proofs_per_minute* is how many proofs by a certificate's own key one source may
    send to one worker, good or bad. *trusted_proxies* are addresses and networks whose X-Forwarded-For is believed, as
    a list or as one text with commas.
    """

    section: ClassVar[str] = "limits"
    window: timedelta = setting(
        timedelta(minutes=15),
        minimum=5 * _MINUTE,
        maximum=60 * _MINUTE,
        clause="shorter slows no client down, longer punishes subscribers who share an address",
    )
    per_number: int = setting(5, minimum=3, maximum=100, clause="NIST SP 800-63B section 5.1.2: at most 100 in a row")
    per_source: int = setting(
        30, minimum=5, maximum=1000, clause="an office behind one address makes some; 80 bits need no fewer"
    )
    per_source_when_busy: int = setting(
        3, minimum=1, maximum=100, clause="a source that erred once or twice is never turned away"
    )
    overall_per_minute: int = setting(300, minimum=10, maximum=100_000, clause="a core checks some 1300 codes a minute")
    alarm_after: int = setting(5, minimum=3, maximum=100, clause="fewer would tell of subscribers' own mistakes")
    episode: timedelta = setting(timedelta(hours=24), minimum=timedelta(hours=1), maximum=timedelta(days=7))
    most_rows: int = setting(
        200_000, minimum=10_000, maximum=5_000_000, clause="a row takes some 60 octets; the oldest go first"
    )
    proofs_per_minute: int = setting(
        30,
        minimum=5,
        maximum=10_000,
        clause="checking one takes less than a millisecond of CPU, and a write where it is good",
    )
    trusted_proxies: TrustedProxies = setting(
        TrustedProxies(), clause='["127.0.0.1", "10.1.0.0/24"] or "127.0.0.1, 10.1.0.0/24"; never every address'
    )
