"""
Several processes that look like one simulator: each has merchants of its own and shares nothing with the others.

They listen on the same ports, and a connection whose request names another one's merchant is handed over to it.
"""
