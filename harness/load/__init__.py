"""Load runs: Locust in a process of its own, buyers who pay, our own record of every request, then the audit."""
