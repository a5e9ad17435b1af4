"""The docs page shows the whole contract and loads nothing."""

import re

import pytest

from reference_gateway.errors import GatewayError
from reference_gateway.http.docs_page import docs_page
from reference_gateway.http.ops_api import OPENAPI


@pytest.fixture(scope="module")
def page() -> str:
    return docs_page(OPENAPI.read_text())


def test_every_operation_and_every_schema_is_on_it(page):
    contract = OPENAPI.read_text()
    for name in re.findall(r"operationId: (\w+)", contract):
        assert f'id="{name}"' in page
    for name in re.findall(r"^    (\w+):", contract.partition("  schemas:")[2], re.MULTILINE):
        assert f'id="schema-{name}"' in page


def test_it_loads_nothing_and_runs_nothing(page):
    assert "<script" not in page
    assert "<link" not in page
    assert re.findall(r'(?:src|href)="(?!/openapi\.yaml|#)[^"]*"', page) == []
    assert "url(" not in page


def test_what_the_contract_says_is_text_and_never_markup():
    contract = """
info: {title: <b>t</b>, description: d}
paths: {/x: {get: {operationId: x, responses: {"200": {description: <script>alert(1)</script>}}}}}
components: {schemas: {}}
"""
    page = docs_page(contract)
    assert "<script>" not in page
    assert "&lt;b&gt;t&lt;/b&gt;" in page


def test_a_reference_that_leads_nowhere_is_said():
    contract = """
info: {title: t, description: d}
paths: {/x: {get: {operationId: x, responses: {"200": {$ref: "#/components/responses/Missing"}}}}}
components: {schemas: {}, responses: {}}
"""
    with pytest.raises(GatewayError, match="Missing"):
        docs_page(contract)
