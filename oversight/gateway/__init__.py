"""The HTTP API that bots talk to: version 1, described in docs/api.md."""
