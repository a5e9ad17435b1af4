"""Keys, the kinds of signature that vendors use, and why one is refused."""
