"""Telemetry: spans and metrics of the hub, named as OpenTelemetry names things. Nothing leaves the machine unless an
endpoint is configured.

Names are `jid.<noun>.<verb>`; attributes of ours start with `jid.`, the rest follow the semantic conventions
(`db.system.name`, `messaging.message.id`, `error.type`). No attribute ever holds a value from a delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode, Tracer

from hub.settings import otlp_endpoint

SCOPE = "justindata.hub"


def configure_telemetry(
    *,
    service: str = "justindata-hub",
    endpoint: str | None = None,
    spans: SpanProcessor | None = None,
    reader: MetricReader | None = None,
) -> None:
    """Set the process's tracer and meter; the first call counts, later ones change nothing.

    With an endpoint (OTEL_EXPORTER_OTLP_ENDPOINT when none is given) spans and metrics go there over OTLP/HTTP; the
    exporters read its other OTEL_* variables themselves. `spans` and `reader` take what is recorded in this process:
    tests give the SDK's in-memory ones.
    """
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    resource = Resource.create({"service.name": service})
    provider = TracerProvider(resource=resource)
    readers = [reader] if reader is not None else []
    if endpoint or otlp_endpoint():
        # Imported here: the exporters cost 100 ms, and nobody without an endpoint needs them.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=_signal(endpoint, "traces"))))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=_signal(endpoint, "metrics"))))
    if spans is not None:
        provider.add_span_processor(spans)
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=readers))
    instruments.cache_clear()


def tracer() -> Tracer:
    return trace.get_tracer(SCOPE)


@contextmanager
def span(name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
    """A span of the hub. Of an exception that leaves it only the class is told: its text may quote a delivery."""
    with tracer().start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(StatusCode.ERROR)
            raise


def meter() -> Meter:
    return metrics.get_meter(SCOPE)


def trace_id() -> str | None:
    """The current trace's id as 32 hex digits, None outside any span: it goes with a delivery into the ledger."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


class Instruments:
    """The hub's metrics. Attributes: jid.partner, jid.feed.kind, jid.verdict."""

    def __init__(self, meter: Meter) -> None:
        self.deliveries: Counter = meter.create_counter(
            "jid.delivery.judged", "{delivery}", "Deliveries that have a verdict"
        )


def _signal(endpoint: str | None, signal: str) -> str | None:
    """A signal's own URL below a given endpoint; None leaves it to the exporter and its OTEL_* variables."""
    return f"{endpoint.rstrip('/')}/v1/{signal}" if endpoint else None


@cache
def instruments() -> Instruments:
    return Instruments(meter())
