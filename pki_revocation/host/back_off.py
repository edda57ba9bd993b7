"""One rule for trying again: pauses that double up to a longest one, without end, and begin anew after success.

Nothing is ever given up by it: what is away for a weekend is back within the longest pause after it returns.
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class BackOff:
    """The pauses of one thing that may fail, in seconds.

    *first* follows the first failure, *longest* bounds the later ones. *lived_well* is for what is started and ends,
    such as a process: one that lived for so long did not die of its start. *failures* counts those in a row.
    """

    first: float
    longest: float
    lived_well: float = 60.0
    failures: int = 0

    def failed(self) -> float:
        """It failed: give the seconds until it is worth another attempt."""
        pause = self.first
        # Of a thousand failures the power of two would fit no number.
        for _ in range(min(self.failures, 64)):
            pause = min(2 * pause, self.longest)
        self.failures += 1
        return min(pause, self.longest)

    def worked(self) -> None:
        """It works: the next failure is a first one."""
        self.failures = 0

    def ended(self, lived: float) -> float:
        """What should go on ended after so many seconds: give those until it is started again."""
        if lived >= self.lived_well:
            self.worked()
        return self.failed()
