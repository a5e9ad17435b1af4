"""Which bytes of a request's body are signed: all of them, or of a multipart body the JSON text of its field `data`."""

from mock_providers.alipay.multipart import multipart_pairs
from mock_providers.core.wire.journal import RawRequest


def header_of(request: RawRequest, name: str) -> str:
    """The first header of that name, "" where there is none."""
    return next((value for one, value in request.headers if one.lower() == name), "")


def content_type_of(request: RawRequest) -> str:
    """In small letters, without its parameters; "" where there is none."""
    return header_of(request, "content-type").partition(";")[0].strip().lower()


def signed_body(request: RawRequest) -> bytes:
    """
    Those bytes, as they came.

    Facts: alipay/v3-request
    """
    if content_type_of(request) != "multipart/form-data":
        return request.body
    try:
        pairs = multipart_pairs(request.body, content_type=header_of(request, "content-type"))
    except ValueError:
        return request.body
    return next((value for name, value in pairs if name == b"data"), b"")
