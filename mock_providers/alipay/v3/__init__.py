"""OpenAPI v3: the methods of gateway v2 under paths of their own, signed by headers, with HTTP statuses that tell."""
