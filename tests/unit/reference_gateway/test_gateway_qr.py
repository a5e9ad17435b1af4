"""QR codes on the page."""

import pytest

from reference_gateway.http.qr import qr_svg


@pytest.mark.parametrize("text", ["https://qr.alipay.com/bax03431", "weixin://wxpay/bizpayurl?pr=<&\"'>", "x" * 512])
def test_a_code_is_one_svg_element_that_scales_and_quotes_nothing_of_its_text(text):
    svg = qr_svg(text)
    assert svg.startswith("<svg")
    assert svg.endswith("</svg>")
    assert "viewBox" in svg
    assert "width=" not in svg.partition(">")[0]
    assert text not in svg


def test_other_texts_have_other_codes():
    assert qr_svg("a") != qr_svg("b")
