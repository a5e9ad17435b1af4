"""WeChat Pay's legacy API v2, from the platform's side: XML, a shared key, and every path that is not below `/v3/`."""
