"""What we ask of any gateway under test, who asks it, and where its webhooks arrive."""
