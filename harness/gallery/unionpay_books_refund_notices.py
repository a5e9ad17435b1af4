"""
"One address for all notices": UnionPay's notice of a refund is booked as a payment.
"""

from harness.gallery.books_refund_notices import BooksRefundNotices
from harness.gallery.mutant import Mutant

MUTANT = Mutant(
    id="unionpay-books-refund-notices",
    bug="takes UnionPay's notice of a refund for a payment, and credits the buyer once more",
    parts=lambda: {"notice_policy": BooksRefundNotices()},
    must_be_convicted_by=("refund/notice-no-payment",),
    channel="unionpay_rsa",
    tried_in=("refund-part",),
)
