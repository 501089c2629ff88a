"""The figures of docs/performance.md: `python -m benchmarks.NAME`; the last line is JSON."""
