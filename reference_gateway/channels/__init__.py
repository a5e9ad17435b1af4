"""The payment channels, each translated once, at this edge, from its vendor's words into ours."""
