"""SM2 by PyPI's `gmalg`, in Python alone: a hundred signatures a second, wherever Python runs."""

import gmalg
from gmalg.errors import GMError

# The curve is y^2 = x^3 - 3x + b, GB/T 32918.5.
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93


class Gmalg:
    """The same work as `sm2_libcrypto.Libcrypto`, in the same shapes."""

    name = "gmalg"

    def public_of(self, secret: bytes) -> bytes:
        """The point that belongs to a secret number, 65 bytes."""
        return bytes(gmalg.SM2().generate_pk(secret))

    def sign(self, secret: bytes, data: bytes, *, user_id: bytes) -> bytes:
        """64 bytes over SM3 of *data*."""
        r, s = gmalg.SM2(sk=secret, uid=user_id).sign(data)
        # Leading zero bytes are dropped on the way.
        return bytes(r).rjust(32, b"\0") + bytes(s).rjust(32, b"\0")

    def verify(self, point: bytes, data: bytes, *, signature: bytes, user_id: bytes) -> bool:
        """Whether the 64 bytes are the key's over *data*; False for a point that is on no curve too."""
        if len(signature) != 64 or not _on_curve(point):
            return False
        return bool(gmalg.SM2(pk=point, uid=user_id).verify(data, signature[:32], signature[32:]))

    def encrypt(self, point: bytes, plain: bytes) -> bytes:
        """C1, C3 and C2."""
        if not _on_curve(point):
            raise ValueError("this is no key on the SM2 curve")
        return bytes(gmalg.SM2(pk=point).encrypt(plain))

    def decrypt(self, secret: bytes, cipher: bytes) -> bytes:
        """
        The plain text.

        Raises:
            ValueError: no ciphertext of this key.
        """
        if len(cipher) < 98 or not _on_curve(cipher[:65]):
            raise ValueError("a ciphertext is a point, a hash and a text")
        try:
            return bytes(gmalg.SM2(sk=secret).decrypt(cipher))
        except GMError:
            raise ValueError("this is no ciphertext of this key") from None


def _on_curve(point: bytes) -> bool:
    """Whether these are a point's 65 bytes; the package itself calculates with anything."""
    if len(point) != 65 or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return max(x, y) < _P and (y * y - (x * x - 3) * x - _B) % _P == 0
