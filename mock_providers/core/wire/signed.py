"""
Texts that were signed, kept in no more bytes than they take.

The journal holds thousands of them. Most repeat the body of their message, and those with a few letters beyond ASCII
would take two bytes for each of the others. Knows no vendor and judges nothing.
"""

# As it is, or in pieces of UTF-8 of which one may be the body of the message itself.
Text = str | tuple[bytes, ...]


def packed(text: Text | None, *, body: bytes) -> tuple[Text | None, int]:
    """
    The same text in fewer bytes.

    Args:
        body: of the message that it was signed for; the text holds on to it where it repeats it.

    Returns:
        The text, and how many bytes it takes besides the body.
    """
    if text is None:
        return None, 0
    if not isinstance(text, str):
        return text, sum(len(piece) for piece in text if piece is not body)
    spelled = text.encode("utf-8", "surrogatepass")
    if body:
        before, repeated, behind = spelled.partition(body)
        if repeated:
            return (before, body, behind), len(before) + len(behind)
    return (text if text.isascii() else (spelled,)), len(spelled)


def unpacked(text: Text | None) -> str | None:
    """As people read it."""
    return b"".join(text).decode("utf-8", "surrogatepass") if isinstance(text, tuple) else text
