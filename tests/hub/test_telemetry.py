"""Promise: spans and metrics are recorded in this process and leave it only when an endpoint is configured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RECORD = """
import json, sys
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from hub.telemetry import configure_telemetry, instruments, trace_id, tracer

outside = trace_id()
memory, reader = InMemorySpanExporter(), InMemoryMetricReader()
configure_telemetry(spans=SimpleSpanProcessor(memory), reader=reader)
configure_telemetry()  # the first call counts
with tracer().start_as_current_span("jid.delivery.receive", attributes={"jid.feed": "northvale/coa"}):
    inside = trace_id()
instruments().deliveries.add(2, {"jid.partner": "northvale"})
(span,) = memory.get_finished_spans()
(metric,) = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
print(json.dumps({
    "outside": outside, "inside": inside, "trace": format(span.context.trace_id, "032x"), "span": span.name,
    "service": span.resource.attributes["service.name"], "metric": metric.name,
    "value": metric.data.data_points[0].value, "exporters": [m for m in sys.modules if "otlp" in m],
}))
"""


def run(code: str, **environ: str) -> dict[str, object]:
    """In a process of its own: OpenTelemetry's provider is set once a process."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_what_is_recorded_stays_in_the_process() -> None:
    told = run(RECORD)
    assert told["outside"] is None
    assert told["inside"] == told["trace"]
    assert (told["span"], told["service"]) == ("jid.delivery.receive", "justindata-hub")
    assert (told["metric"], told["value"]) == ("jid.delivery.judged", 2)
    assert told["exporters"] == []


def test_a_configured_endpoint_gets_the_spans() -> None:
    code = """
import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

paths = []

class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        paths.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass

server = HTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()

from opentelemetry import metrics, trace
from hub.telemetry import configure_telemetry, instruments, tracer

configure_telemetry(endpoint=f"http://127.0.0.1:{server.server_port}")
with tracer().start_as_current_span("jid.feed.pull"):
    instruments().deliveries.add(1)
trace.get_tracer_provider().force_flush()
metrics.get_meter_provider().force_flush()
print(json.dumps({"paths": sorted(paths)}))
"""
    assert run(code) == {"paths": ["/v1/metrics", "/v1/traces"]}


def test_a_span_tells_the_class_of_an_error_and_not_its_text() -> None:
    """An error's text, or that of the error behind it, may quote a delivery."""
    code = """
import json
from pathlib import Path
from tempfile import mkdtemp
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from hub.settings import StoreSettings
from hub.store import Receipt, Store
from hub.telemetry import configure_telemetry, span

memory = InMemorySpanExporter()
configure_telemetry(spans=SimpleSpanProcessor(memory))
store = Store.open(StoreSettings().under(Path(mkdtemp())))
lease = store.lease("halden/coa", "test")
blob = store.archive.put_sync([b"x"])
try:
    store.receive(lease, [Receipt("halden/coa", "Jane Doe", blob, None, "json", "file:///x")], None)
except Exception as error:
    import traceback
    text = "".join(traceback.format_exception(error))
told = [s.to_json() for s in memory.get_finished_spans()]
print(json.dumps({"spans": told, "text": text, "types": [s.attributes.get("error.type") for s in memory.get_finished_spans()]}))
"""  # noqa: E501
    told = run(code)
    assert told["types"] == ["LedgerRefused"]
    assert "Jane Doe" not in str(told["spans"])
    assert "NOT NULL" in str(told["text"])
    assert "Jane Doe" not in str(told["text"])
