"""
"JSON is JSON": an answer is parsed, written again, and then verified.
"""

from dataclasses import replace
from typing import Any

import orjson

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class AroundHttp:
    """What arrives is not what is looked at."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def send(self, *call: Any, **more: Any) -> Any:
        reply = await self._inner.send(*call, **more)
        try:
            return replace(reply, body=orjson.dumps(orjson.loads(reply.body)))
        except orjson.JSONDecodeError:
            return reply


class Around(AroundChannel):
    """Spaces and the order of keys do not matter to JSON, and do to a signature."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        call = within(inner, "_call")
        plant(call, "_http", AroundHttp(within(call, "_http")))


MUTANT = Mutant(
    id="verifies-parsed-json",
    bug="verifies answers over JSON that it has written itself, and believes none that is spelled differently",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/answer-spelling-understood",),
    tried_in=("spelled-answers",),
)
