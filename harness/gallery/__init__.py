"""
Broken gateways: each the reference gateway with one collaborator replaced, and the requirements that must convict it.

One of the two doors of the harness to the gateway's room. A mutant still passes the happy path; a harness that does
not convict it proves nothing about the gateways that it acquits.
"""

from collections.abc import Mapping

from harness.gallery import (
    believes_unsigned_notifies,
    books_refund_notices,
    credits_every_notify,
    credits_notified_amount,
    refuses_repeats,
    tells_anew,
)
from harness.gallery.mutant import Mutant

MUTANTS: Mapping[str, Mutant] = {
    mutant.id: mutant
    for mutant in (
        credits_every_notify.MUTANT,
        believes_unsigned_notifies.MUTANT,
        credits_notified_amount.MUTANT,
        books_refund_notices.MUTANT,
        refuses_repeats.MUTANT,
        tells_anew.MUTANT,
    )
}
