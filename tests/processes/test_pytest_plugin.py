"""
The pytest plugin as another team has it: in a run of its own, with files of its own.
"""

import sys

import pytest

from tests.tidy.checks.tree import REPO

pytest_plugins = ["pytester"]
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
SANDBOX = """
    import urllib.request

    def test_the_book_is_empty(payproof_sandbox):
        assert payproof_sandbox.control.trades() == []
        assert payproof_sandbox.control.counts().notifies_sent == 0
        assert set(payproof_sandbox.providers) == {"alipay", "wechatpay", "unionpay"}
        assert list((payproof_sandbox.credentials / "alipay").iterdir())
        assert urllib.request.urlopen(payproof_sandbox.control_url + "/control/v1/health").status == 200

    def test_it_is_the_same_all_the_time(payproof_sandbox):
        payproof_sandbox.control.advance(60)
        assert payproof_sandbox.control.health() is True
"""
REQUIREMENTS = """
    import pytest

    @pytest.mark.payproof("idempotency/credited-once", "clock/stale-stamp-refused", channels=["alipay", "wechatpay_v3"])
    def test_rules(payproof_requirement):
        assert payproof_requirement.check().witnessed
"""


@pytest.fixture
def team(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:locust -p no:cacheprovider --strict-markers\n")
    return pytester


def test_a_sandbox_serves_the_whole_run(team: pytest.Pytester):
    team.makepyfile(SANDBOX)

    team.runpytest_subprocess().assert_outcomes(passed=2)


def test_requirements_are_tests_of_their_own(team: pytest.Pytester):
    team.makepyfile(REQUIREMENTS)

    done = team.runpytest_subprocess("-v", "--payproof-seed", "3")

    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["*test_rules[[]idempotency/credited-once-alipay[]] PASSED*"])


def test_a_broken_rule_fails_with_its_sentence_and_what_cannot_be_tried_is_skipped(team: pytest.Pytester):
    team.makepyfile(REQUIREMENTS.replace('"clock/stale-stamp-refused"', '"crash/after-paying"'))
    team.makepyfile(
        mine="""
        from tests.gateways.teashop.driver import Teashop

        class Forgetful(Teashop):
            name = "forgetful"

            async def effects(self, payment_id):
                import dataclasses
                told = await super().effects(payment_id)
                return dataclasses.replace(told, value=2 * told.value)
        """
    )

    done = team.runpytest_subprocess("-rs", "--payproof-gateway", "mine:Forgetful", "-o", f"pythonpath=. {REPO}")

    done.assert_outcomes(failed=1, skipped=1)
    done.stdout.fnmatch_lines(["*credited twice: 9.90 yuan too much*", "*the world cannot kill_gateway*"])


def test_who_does_not_use_it_is_not_disturbed(team: pytest.Pytester):
    team.makepyfile(
        """
        import sys

        def test_nothing_of_ours_is_loaded():
            heavy = ("aiohttp", "jinja2", "pydantic", "harness.testing", "mock_providers", "reference_gateway")
            assert not [name for name in heavy if name in sys.modules]
        """
    )

    done = team.runpytest_subprocess("-W", "error", "-p", "no:asyncio", "-p", "no:schemathesis")

    done.assert_outcomes(passed=1)


def test_a_prefix_that_nothing_begins_with_is_told(team: pytest.Pytester):
    team.makepyfile(REQUIREMENTS.replace('"idempotency/credited-once", "clock/stale-stamp-refused"', '"idempotence/"'))

    done = team.runpytest_subprocess()

    done.stdout.fnmatch_lines(["*no requirement begins with idempotence/*"])
