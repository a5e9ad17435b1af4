"""
Who comes: one visitor for each file, told by its name in a crowd.

A visitor is a function of a desk and an errand. It knows the merchant API and nothing of Locust, so that any generator
can send it and a test can watch it.
"""

from collections.abc import Callable, Mapping

from loadtests.desk import Desk
from loadtests.merchant import Errand
from loadtests.users.double_clicker import double_clicker
from loadtests.users.poller import poller
from loadtests.users.red_packet import red_packet
from loadtests.users.refunder import refunder
from loadtests.users.shopper import open_shop, shopper
from loadtests.users.tipper import open_room, room_tipper, tipper
from loadtests.users.watcher import watcher

Visit = Callable[[Desk, Errand], None]

VISITS: Mapping[str, Visit] = {
    "tipper": tipper,
    "room_tipper": room_tipper,
    "shopper": shopper,
    "refunder": refunder,
    "poller": poller,
    "red_packet": red_packet,
    "double_clicker": double_clicker,
    "watcher": watcher,
}
# What has to be there before the first of them comes; making it twice makes it once.
PREPARE: Mapping[str, Callable[[Desk], None]] = {"room_tipper": open_room, "shopper": open_shop}
