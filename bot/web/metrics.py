"""The Prometheus metrics: deliveries by outcome and duration, queues and processes by age."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shell.errors import Unavailable

from .readiness import HealthStore


class Metrics:
    """The metrics of one web process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "caloron_deliveries",
            "Webhook deliveries by outcome",
            ["outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "caloron_delivery_seconds",
            "Time from a delivery's arrival to its receipt",
            registry=self.registry,
        )
        self._queues = Gauge(
            "caloron_queue_age_seconds",
            "Age of the oldest entry of a queue",
            ["queue"],
            registry=self.registry,
        )
        self._processes = Gauge(
            "caloron_process_age_seconds",
            "Time since a process's last heartbeat",
            ["process"],
            registry=self.registry,
        )
        self._store = Gauge("caloron_store_up", "1 if the store answers", registry=self.registry)

    def count_delivery(self, outcome: str, seconds: float | None = None) -> None:
        """Count one delivery, with its duration if it was stored."""
        self._deliveries.labels(outcome).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def update_gauges(self, store: HealthStore) -> None:
        """Read the store's health into the gauges."""
        try:
            health = store.health()
        except Unavailable:
            self._store.set(0)
            return
        self._store.set(1 if health.get("ok") else 0)
        for queue, age in health.get("queue_age_s", {}).items():
            self._queues.labels(queue).set(age or 0)
        for process, age in health.get("processes", {}).items():
            self._processes.labels(process).set(age)
