"""
"One address for all notices": the XML API's notice of a refund is booked as a payment.
"""

from harness.gallery.books_refund_notices import BooksRefundNotices
from harness.gallery.mutant import Mutant

MUTANT = Mutant(
    id="v2-books-refund-notices",
    bug="takes the XML API's notice of a refund for a payment, and credits the buyer once more",
    parts=lambda: {"notice_policy": BooksRefundNotices()},
    must_be_convicted_by=("refund/notice-no-payment",),
    channel="wechatpay_v2",
    tried_in=("refund-part",),
)
