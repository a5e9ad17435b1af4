"""
What can be pasted, which keys can be given, and what the command answers.
"""

import base64
import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mock_providers.core.signatures.pasted import read_pasted
from mock_providers.core.signatures.public_keys import read_public_key
from mock_providers.core.wire.journal import RawRequest
from mock_providers.doctor import main
from mock_providers.errors import Undiagnosable
from tests.unit.mock_providers.wrong_ways import COMMON, RIGHT, Attempt, joined, private

QUERY_ONLY = Attempt(body=())


def as_http(request: RawRequest, *, end: str = "\r\n") -> str:
    headers = end.join(f"{name}: {value}" for name, value in request.headers)
    return f"{request.method} {request.target} HTTP/1.1{end}{headers}{end}{end}{request.body.decode()}\n"


def as_lines(directory: Path) -> str:
    request = QUERY_ONLY.sent(directory)
    _, _, sign = request.target.partition("&sign=")
    fields = COMMON | {"app_id": (directory / "alipay" / "app_id").read_text()}
    fields["sign"] = sign.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    return "\n".join(f"{name}={value}" for name, value in fields.items())


def pasted(directory: Path) -> dict[str, str]:
    """
    One good request in every form.
    """
    split, whole, lines = RIGHT.sent(directory), QUERY_ONLY.sent(directory), as_lines(directory)
    url, query = f"https://openapi.alipay.com{split.target}", whole.target.partition("?")[2]
    entry = {"method": split.method, "target": split.target, "headers": split.headers}
    entry["body_b64"] = base64.b64encode(split.body).decode()
    return {
        "http": as_http(split),
        "http with bare line ends": as_http(split, end="\n"),
        "url": f"https://openapi.alipay.com{whole.target}\n",
        "target": whole.target,
        "curl": f"curl '{url}' -H 'Content-Type: {split.headers[1][1]}' --data-raw '{split.body.decode()}' --compressed",
        "curl in lines": f"$ curl -s -X POST \\\n  -d '{split.body.decode()}' \\\n  --url '{url}' -o out.txt",
        "curl -G": f"curl -G https://h/gateway.do -d '{query}'",
        "curl in ANSI quotes": f"curl $'{url}' --data $'{split.body.decode()}'",
        "form": query,
        "lines": lines,
        "json": json.dumps(dict(line.split("=", 1) for line in lines.split("\n"))),
        "journal": json.dumps({"seq": 1, "request": entry}),
    }


FORMS = ["http", "http with bare line ends", "url", "target", "curl", "curl in lines", "curl -G", "curl in ANSI quotes"]
FORMS += ["form", "lines", "json", "journal"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_pasting_is_understood(credentials_dir, tmp_path, capfdbinary, form):
    file = tmp_path / "pasted.txt"
    file.write_text(pasted(credentials_dir)[form], encoding="utf-8")
    assert main([str(file), "--credentials-dir", str(credentials_dir)]) == 0
    assert b"The signature is right." in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "raw HTTP request"),
        ("hello", "name=value lines"),
        ("{", "no entry of the journal"),
        ('{"biz_content": {}}', "texts"),
        ("curl 'https://h", "cut short"),
        ("curl https://h -d @file", "in a file"),
        ("curl https://h -F a=b", "raw HTTP request"),
        ("a=b", "no parameter 'sign'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_hint(credentials_dir, tmp_path, capsys, text, hint):
    file = tmp_path / "pasted.txt"
    file.write_text(text)
    assert main([str(file), "--credentials-dir", str(credentials_dir)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert hint in said.err


def test_a_file_that_is_not_there_is_bad_input(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


def test_without_credentials_a_key_is_asked_for(credentials_dir, tmp_path, capsys):
    file = tmp_path / "pasted.txt"
    file.write_text(as_http(RIGHT.sent(credentials_dir)))
    assert main([str(file), "--credentials-dir", str(tmp_path)]) == 2
    assert "--public-key" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "code"), [(lambda f: joined(f) + "&", 1), (lambda _: "something else", 3)])
def test_the_exit_code_tells_explained_from_unexplained(credentials_dir, tmp_path, capfdbinary, text, code):
    file = tmp_path / "pasted.txt"
    file.write_text(as_http(Attempt(text=text).sent(credentials_dir)))
    assert main([str(file), "--credentials-dir", str(credentials_dir), "--lang", "zh"]) == code
    assert "应当签名的字符串" in capfdbinary.readouterr().out.decode()
    assert main([str(file), "--credentials-dir", str(credentials_dir), "--json"]) == code
    found = json.loads(capfdbinary.readouterr().out)
    assert found["cause"] == ("trailing_ampersand" if code == 1 else None)
    assert found["built"].startswith("app_id=")


def test_a_request_of_another_application_is_hinted_at(credentials_dir, tmp_path, capfdbinary):
    request = RIGHT.sent(credentials_dir)
    file = tmp_path / "pasted.txt"
    file.write_text(as_http(request).replace("app_id=2021", "app_id=2099"))
    assert main([str(file), "--credentials-dir", str(credentials_dir)]) == 3
    assert "another --home" in capfdbinary.readouterr().out.decode()


def test_stdin_is_read_for_a_dash(credentials_dir, monkeypatch, capfdbinary):
    text = as_http(RIGHT.sent(credentials_dir)).encode()
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(text)))
    assert main(["-", "--credentials-dir", str(credentials_dir)]) == 0
    assert capfdbinary.readouterr().out


def key_files(directory: Path) -> list[bytes]:
    key = private(directory, "app").public_key()
    spki, pkcs1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
    pem = key.public_bytes(Encoding.PEM, spki)
    return [
        pem,
        key.public_bytes(Encoding.PEM, pkcs1),
        base64.b64encode(key.public_bytes(Encoding.DER, spki)),
        base64.encodebytes(key.public_bytes(Encoding.DER, pkcs1)),
        pem.replace(b"PUBLIC KEY", b"RSA PUBLIC KEY"),
    ]


def test_public_keys_are_read_in_every_form(credentials_dir, tmp_path, capfdbinary):
    known = private(credentials_dir, "app").public_key().public_numbers()
    for text in key_files(credentials_dir):
        assert read_public_key(text).public_numbers() == known
    file, key = tmp_path / "pasted.txt", tmp_path / "key.pem"
    file.write_text(as_http(RIGHT.sent(credentials_dir)))
    key.write_bytes(key_files(credentials_dir)[1])
    assert main([str(file), "--public-key", str(key)]) == 0
    assert capfdbinary.readouterr().out


@pytest.mark.parametrize("text", [b"", b"?", b"QUJD", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(Undiagnosable):
        read_public_key(text)


def test_gbk_lines_are_encoded_as_their_charset_says():
    request = read_pasted("charset=GBK\nsubject=打赏\nsign=a")
    assert request.body.decode() == urlencode({"charset": "GBK", "subject": "打赏", "sign": "a"}, encoding="gbk")
