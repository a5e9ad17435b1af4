"""The gateway's HTTP face: merchants, channels' notifies, operations. Knows use cases, not tables or vendors' words."""
