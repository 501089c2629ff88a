"""What /metrics says, in Prometheus' text format. Counts and durations only."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from oversight.gateway.writer import Batch
from oversight.queries.backlog import Backlog

_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Meters:
    """One process's counters, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "oversight_requests",
            "Calls answered, by call and status.",
            ("call", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "oversight_request_seconds",
            "Time to answer, long polls included.",
            ("call",),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self._batch_size = Histogram(
            "oversight_batch_arrivals",
            "Arrivals written in one transaction.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self._batch_seconds = Histogram(
            "oversight_batch_seconds",
            "Time to write and commit one transaction of arrivals.",
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.waiting = self._gauge("oversight_arrivals_waiting", "Arrivals not yet written.")
        self.polls = self._gauge("oversight_polls_waiting", "Long polls waiting.")
        self._database_up = self._gauge(
            "oversight_database_up", "Whether the record could be read for this page."
        )
        self._unscored = self._gauge("oversight_unscored", "Texts without a score.")
        self._oldest = self._gauge(
            "oversight_unscored_oldest_seconds", "Age of the oldest text without a score."
        )
        self._open_items = self._gauge("oversight_open_items", "Review items not closed.")
        self._queued = self._gauge("oversight_deliveries_queued", "Deliveries not handed out.")

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self.registry)

    def answered(self, call: str, method: str, status: int, seconds: float) -> None:
        """One call was answered."""
        self._requests.labels(call, method, str(status)).inc()
        self._seconds.labels(call).observe(seconds)

    def wrote(self, batch: Batch) -> None:
        """One batch was committed."""
        self._batch_size.observe(batch.size)
        self._batch_seconds.observe(batch.seconds)

    def saw_backlog(self, backlog: Backlog | None) -> None:
        """What the record says now; None when it cannot be read, and then old figures go."""
        self._database_up.set(backlog is not None)
        unknown = float("nan")
        self._unscored.set(backlog.unscored if backlog else unknown)
        self._oldest.set(backlog.oldest_unscored_seconds if backlog else unknown)
        self._open_items.set(backlog.open_items if backlog else unknown)
        self._queued.set(backlog.queued_deliveries if backlog else unknown)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)
