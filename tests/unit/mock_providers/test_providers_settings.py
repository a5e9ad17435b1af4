"""
Settings: strangers refused, strangers kept out.
"""

import pytest
from pydantic import ValidationError

from mock_providers.app import build
from mock_providers.core.wire.hosts import is_loopback
from mock_providers.errors import ConfigurationRefused, RulesRefused
from mock_providers.settings import ProvidersSettings, refuse_strangers


def test_a_misspelt_variable_is_refused_with_the_closest_word():
    with pytest.raises(ConfigurationRefused, match="Did you mean 'PAYPROOF_PROVIDERS_SEED'"):
        refuse_strangers({"PAYPROOF_PROVIDERS_SEEED": "7"})


def test_known_variables_and_other_peoples_are_let_through():
    refuse_strangers({"PAYPROOF_PROVIDERS_SEED": "7", "PAYPROOF_HOME": "x", "HOME": "/"})


def test_variables_are_read_and_flags_win(monkeypatch, tmp_path):
    monkeypatch.setenv("PAYPROOF_PROVIDERS_SEED", "7")
    monkeypatch.setenv("PAYPROOF_PROVIDERS_ALIPAY_PORT", "4001")
    flags = ["--credentials-dir", str(tmp_path), "--seed", "9"]
    settings = ProvidersSettings(_cli_parse_args=flags)
    assert (settings.seed, settings.alipay_port, settings.credentials_dir) == (9, 4001, tmp_path)


def test_settings_are_frozen_bound_to_loopback_and_hide_the_token(tmp_path):
    settings = ProvidersSettings(credentials_dir=tmp_path, control_token="hush")
    assert (settings.host, settings.control_host) == ("127.0.0.1", "127.0.0.1")
    assert "hush" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.seed = 8  # type: ignore[misc]


NEAR = ["127.0.0.1", "127.9.9.9", "::1", "localhost"]
FAR = ["0.0.0.0", "::", "192.168.1.2", "example.org", ""]


@pytest.mark.parametrize(("host", "loopback"), [(host, host in NEAR) for host in NEAR + FAR])
def test_loopback_is_told_from_the_world(host, loopback):
    assert is_loopback(host) is loopback


def test_an_open_control_api_without_a_token_is_refused(tmp_path):
    with pytest.raises(ConfigurationRefused, match="CONTROL_TOKEN"):
        build(ProvidersSettings(credentials_dir=tmp_path, control_host="0.0.0.0"))
    assert not list(tmp_path.iterdir())


def test_with_a_token_it_may_be_open(credentials_dir):
    build(ProvidersSettings(credentials_dir=credentials_dir, control_host="0.0.0.0", control_token="t"))


def test_a_label_field_for_an_unknown_provider_is_refused(tmp_path):
    with pytest.raises(ConfigurationRefused, match="Did you mean 'alipay'"):
        build(ProvidersSettings(credentials_dir=tmp_path, label_fields={"alipai": "subject"}))


def test_a_bad_profile_is_refused_before_anything_is_made(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("rules:\n  - {id: a, fault: dorp}\n")
    with pytest.raises(RulesRefused, match=r"p\.yaml:2: .*Did you mean 'drop'"):
        build(ProvidersSettings(credentials_dir=tmp_path / "c", faults_file=file))
    assert not (tmp_path / "c").exists()
