"""The legacy XML API: everything that is not below `/v3/`."""
