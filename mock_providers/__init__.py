"""The payment provider simulator: speaks the vendors' protocols, keeps the book, and is rude on request."""
