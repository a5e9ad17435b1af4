"""
Whom to believe.
"""

from harness.catalog.base import Requirement

WECHATPAY_V3 = ("wechatpay_v3",)
# Where a message shows or names the certificate behind it, and where it can be signed by less than was agreed.
CERTIFIED = ("unionpay_rsa", "unionpay_sm2")
NAMED = (*WECHATPAY_V3, *CERTIFIED)
DOWNGRADED = ("alipay", "alipay_v3", "wechatpay_v2", *CERTIFIED)
METHODS = ("alipay/notify-sign", "wechatpay/v2-sign-type", "unionpay/sign-methods")
CHAINS = ("unionpay/chain-rules",)

REQUIREMENTS = (
    Requirement("signature/forged-never-acked", "A notify that the provider did not sign is never acknowledged."),
    Requirement("signature/forged-never-credited", "A notify that the provider did not sign credits nothing."),
    Requirement(
        "signature/foreign-key-refused",
        "A notify that is signed with somebody else's key is neither acknowledged nor credited.",
    ),
    Requirement("signature/unsigned-refused", "A notify without a signature is neither acknowledged nor credited."),
    Requirement(
        "signature/unknown-method-refused",
        "A notify that declares a method of signing which nobody has heard of is neither acknowledged nor credited.",
    ),
    Requirement(
        "signature/damaged-refused",
        "A notify that bears the platform's signature of something else is neither acknowledged nor credited.",
    ),
    Requirement(
        "signature/true-after-forged", "A forged notify does not keep the true one, which comes later, from counting."
    ),
    Requirement(
        "signature/probe-refused",
        "A signature probe of the platform's is refused, and the true notify after it is accepted.",
        facts=("wechatpay/probes",),
    ),
    Requirement(
        "signature/answer-tampered-not-believed",
        "An answer whose signature does not match is not believed: the books end as the provider's.",
    ),
    Requirement("signature/answer-foreign-not-believed", "An answer that is signed with another key is not believed."),
    Requirement(
        "signature/answer-unsigned-not-believed", "An answer that should be signed and is not is not believed."
    ),
    Requirement(
        "signature/weaker-method-refused",
        "A notify that is signed by a weaker method than was agreed, as it says itself, is neither acknowledged nor "
        "credited.",
        facts=METHODS,
        channels=DOWNGRADED,
    ),
    Requirement(
        "signature/another-name-refused",
        "A notify under a good certificate of the same authority that names somebody else is neither acknowledged nor "
        "credited.",
        facts=CHAINS,
        channels=CERTIFIED,
    ),
    Requirement(
        "signature/expired-certificate-refused",
        "A notify under a certificate of the platform's whose time is over is neither acknowledged nor credited.",
        facts=CHAINS,
        channels=CERTIFIED,
    ),
    Requirement(
        "signature/foreign-chain-refused",
        "A notify under a certificate that nobody who is trusted has issued, or that no list has, is neither "
        "acknowledged nor credited.",
        facts=(*CHAINS, "wechatpay/rotation"),
        channels=NAMED,
    ),
    Requirement(
        "signature/answer-weaker-not-believed",
        "An answer that is signed by a weaker method than was agreed is not believed.",
        facts=METHODS,
        channels=DOWNGRADED,
    ),
    Requirement(
        "signature/answer-certificate-not-believed",
        "An answer under a certificate that names somebody else, is over or was issued by nobody who is trusted is not "
        "believed.",
        facts=(*CHAINS, "wechatpay/rotation"),
        channels=NAMED,
    ),
    Requirement("signature/requests-verify", "Every call that the gateway makes carries a signature that verifies."),
    Requirement(
        "signature/new-fields-accepted",
        "A notify with fields that nobody has heard of, signed with the others, is accepted.",
        facts=("alipay/notify-sign", "unionpay/sign-string"),
    ),
    Requirement(
        "signature/other-spelling-accepted",
        "A notify in another spelling that its protocol allows is accepted: what came is verified, not what was read.",
        facts=("alipay/notify-sign", "wechatpay/answer-sign", "unionpay/notify-wire"),
    ),
    Requirement(
        "signature/answer-spelling-understood",
        "An answer in another spelling that its protocol allows is understood.",
        facts=("alipay/sync-sign", "wechatpay/answer-sign", "unionpay/parsing"),
        channels=("alipay", "alipay_v3", "wechatpay_v3", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Requirement(
        "signature/other-charset-verified",
        "A notify in the other charset that it declares is verified in that charset, or refused and taken later.",
        facts=("alipay/charset", "unionpay/charset"),
        channels=("alipay", "alipay_v3", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Requirement(
        "signature/rotated-key-followed",
        "After the platform changed its key, answers and notifies are verified with the new one.",
        facts=("wechatpay/rotation",),
        channels=WECHATPAY_V3,
    ),
)
