"""The first release's tables by topic. Never changed: what comes later is another migration."""
