"""What Rekindle measures and traces. The rest of the code says it by plain calls, which do nothing
until somebody listens:

    measures.SENDS.add(scenario=…, outcome="accepted", reason="")
    with spans.span("claim", scenario=…) as claiming: …

`measures` has the metrics, `spans` the spans. `otlp` sends spans to a collector, and `textfile`
keeps metrics in a file. docs/reference/telemetry.md lists every metric and span.
"""
