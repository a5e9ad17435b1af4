"""The date as HTTP writes it, made once a second."""

from email.utils import format_datetime

from mock_providers.core.clock import Clock


class HttpDate:
    """Asked for every answer; the text of one second serves all answers of that second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._text = b""

    def __call__(self) -> bytes:
        """
        Returns:
            "Fri, 02 Jan 2026 03:04:05 GMT".
        """
        now = self._clock.now()
        second = int(now.timestamp())
        if second != self._second:
            self._second = second
            self._text = format_datetime(now, usegmt=True).encode("ascii")
        return self._text
