from types import SimpleNamespace

from harness.gallery.around import own_chain, plant


class Chain:
    """As much of a chain of trust as a bug goes into: what it knows is found out once, and shared."""

    def __init__(self):
        self._known = {"a": "the company's"}

    def leaf(self):
        return "refused"


def test_a_bug_in_a_chain_of_trust_is_one_gateways_alone():
    shared = Chain()
    gateways = [SimpleNamespace(_merchant=SimpleNamespace(signing=SimpleNamespace(_chain=shared))) for _ in range(2)]

    broken = own_chain(gateways[0])
    plant(broken, "leaf", lambda: "believed")
    broken._known["b"] = "nobody's"

    chains = [gateway._merchant.signing._chain for gateway in gateways]
    assert [chain.leaf() for chain in chains] == ["believed", "refused"]
    assert (shared._known, broken._known) == ({"a": "the company's"}, {"b": "nobody's"})
