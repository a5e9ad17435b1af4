from harness.world.gateway_values import gateway_values

URLS = {"alipay": "http://a", "wechatpay": "http://w", "unionpay": "http://u"}
NUMBERS = ("alipay_app_id", "wechatpay_mchid", "unionpay_mer_id")
FACTS = {
    "alipay": ("app_id", "seller_id"),
    "wechatpay": ("appid", "mchid", "wechatpay_public_key_id"),
    "unionpay": ("mer_id", "pfx_password", "secure_key", "sm2_password"),
}


def told(tmp_path, *, merchants):
    """Whose numbers the gateway gets, when the files of each merchant say which merchant it is."""
    for number in (1, 2, 3):
        folder = tmp_path if number == 1 else tmp_path / "merchants" / str(number)
        for provider, names in FACTS.items():
            (folder / provider).mkdir(parents=True)
            for name in names:
                (folder / provider / name).write_text(f"merchant {number}\n")
    values = gateway_values(tmp_path, URLS, merchants=merchants)
    return [values[name] for name in NUMBERS]


def test_one_merchant_is_everybodys(tmp_path):
    assert told(tmp_path, merchants=1) == ["merchant 1"] * 3


def test_of_several_each_provider_has_the_next_one(tmp_path):
    assert told(tmp_path, merchants=3) == ["merchant 1", "merchant 2", "merchant 3"]


def test_of_two_the_third_provider_has_the_first_again(tmp_path):
    assert told(tmp_path, merchants=2) == ["merchant 1", "merchant 2", "merchant 1"]
