"""
One SDK in a process of its own: moves into a fresh network, drives the simulator, and prints what happened as JSON.

Exit code 77 with a reason on stdout: this machine cannot give what this SDK needs.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.sdk.namespace import NoNamespaceError, enter
from tests.sdk.sdk_world import SdkWorld, sdk_world

CANNOT = 77


def flow(world: SdkWorld, name: str, sign_type: str) -> dict[str, Any]:
    """
    A payment all the way round; SDKs are imported here, after the move, and one of them only.
    """
    if name == "official":
        from tests.sdk.official_flow import SUBJECT, Official as Sdk  # noqa: I001, PLC0415
    else:
        from tests.sdk.community_flow import SUBJECT, Community as Sdk  # type: ignore[assignment]  # noqa: I001, PLC0415
    sdk = Sdk(world, sign_type)
    told: dict[str, Any] = {"precreate": sdk.precreate("o1", "1.23"), "unscanned": sdk.query("o1")}
    world.pay("o1")
    told["paid"] = sdk.query("o1")
    forged, true = world.notify(), world.notify()
    told |= {"forged_verifies": sdk.verifies(forged), "notify_verifies": sdk.verifies(true), "notify": true}
    told["subject_arrives"] = true["subject"] == SUBJECT
    told["tampered_verifies"] = sdk.verifies(true | {"total_amount": "9.99"})
    told["refund"] = sdk.refund("o1", "0.23", "r1")
    told["refund_again"] = sdk.refund("o1", "0.23", "r1")
    told["refund_query"] = sdk.refund_query("o1", "r1")
    _, notice = world.notify(), world.notify()
    told |= {"refund_notify_verifies": sdk.verifies(notice), "refund_notify": notice}
    return told


def main(name: str, sign_type: str, directory: str) -> int:
    port = 80
    try:
        enter()
    except NoNamespaceError as problem:
        if name == "official":
            sys.stdout.write(str(problem))
            return CANNOT
        port = 0  # the community's SDK is content with any port
    with sdk_world(Path(directory), port=port) as world:
        sys.stdout.write(json.dumps(flow(world, name, sign_type)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
