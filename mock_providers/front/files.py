"""Where the `tls` folder keeps what; makes and reads nothing."""

from dataclasses import dataclass
from pathlib import Path

# Java wants one; what it guards is a public certificate, and this is the word that everybody uses.
TRUSTSTORE_PASSWORD = "changeit"  # noqa: S105


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of one authority."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        """The authority as PEM, and no other: with it alone a client cannot be talked into trusting a real host."""
        return self.folder / "ca.pem"

    @property
    def truststore(self) -> Path:
        """The same for Java."""
        return self.folder / "truststore.p12"

    def server_file(self, vendor: str) -> Path:
        """Key and certificate of a vendor's hosts, in one PEM file."""
        return self.folder / f"{vendor}.pem"
