"""API v3: JSON over HTTP, RSA signatures, everything below `/v3/`."""
