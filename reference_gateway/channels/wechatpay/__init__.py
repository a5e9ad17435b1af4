"""WeChat Pay from the merchant's side: API v3 and the legacy XML API, each a channel of its own."""
