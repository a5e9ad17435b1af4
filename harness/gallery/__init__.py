"""
Broken gateways: each the reference gateway with one collaborator replaced, and the requirements that must convict it.

One of the two doors of the harness to the gateway's room. A mutant still passes the happy path; a harness that does
not convict it proves nothing about the gateways that it acquits.
"""

from collections.abc import Mapping

from harness.gallery import (
    acks_and_forgets,
    acks_other_amounts,
    answers_two_hundred,
    any_body_will_do,
    believes_unsigned_notifies,
    books_refund_notices,
    books_the_refund_twice,
    busy_refund_is_done,
    caps_the_amount,
    credits_a_fee_less,
    credits_by_notify_id,
    credits_every_notify,
    credits_notified_amount,
    drops_events,
    floats_the_amount,
    forgets_refund_numbers,
    forgets_the_credit,
    never_asks,
    opens_under_a_new_number,
    refund_retried_under_a_new_number,
    refunds_all_of_it,
    refuses_everything_late,
    refuses_repeats,
    tells_anew,
    tells_in_yuan,
    tells_once,
    tells_twice,
    unknown_query_is_paid,
    unknown_refund_is_done,
    unknown_refund_is_failed,
    waiting_is_paid,
)
from harness.gallery.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS: Mapping[str, Mutant] = {
    mutant.id: mutant
    for mutant in (
        acks_and_forgets.MUTANT,
        acks_other_amounts.MUTANT,
        answers_two_hundred.MUTANT,
        any_body_will_do.MUTANT,
        believes_unsigned_notifies.MUTANT,
        books_refund_notices.MUTANT,
        books_the_refund_twice.MUTANT,
        busy_refund_is_done.MUTANT,
        caps_the_amount.MUTANT,
        credits_a_fee_less.MUTANT,
        credits_by_notify_id.MUTANT,
        credits_every_notify.MUTANT,
        credits_notified_amount.MUTANT,
        drops_events.MUTANT,
        floats_the_amount.MUTANT,
        forgets_refund_numbers.MUTANT,
        forgets_the_credit.MUTANT,
        never_asks.MUTANT,
        opens_under_a_new_number.MUTANT,
        refund_retried_under_a_new_number.MUTANT,
        refunds_all_of_it.MUTANT,
        refuses_everything_late.MUTANT,
        refuses_repeats.MUTANT,
        tells_anew.MUTANT,
        tells_in_yuan.MUTANT,
        tells_once.MUTANT,
        tells_twice.MUTANT,
        unknown_query_is_paid.MUTANT,
        unknown_refund_is_done.MUTANT,
        unknown_refund_is_failed.MUTANT,
        waiting_is_paid.MUTANT,
    )
}
