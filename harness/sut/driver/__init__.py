"""
Drivers in YAML: how the harness speaks to a gateway that it has never met, over the gateway's own HTTP API.
"""
