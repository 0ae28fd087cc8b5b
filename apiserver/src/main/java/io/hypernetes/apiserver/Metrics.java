package io.hypernetes.apiserver;

import io.hypernetes.apiserver.http.Exchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// Counts requests, for `/metrics`. Labels come from closed sets, so memory is bounded.
final class Metrics {
    private final ConcurrentHashMap<String, LongAdder> requests = new ConcurrentHashMap<>();
    private final LongAdder inFlight = new LongAdder();

    void began() {
        inFlight.increment();
    }

    void ended(String verb, String resource, int code) {
        inFlight.decrement();
        requests.computeIfAbsent(
                        "apiserver_request_total{verb=\"" + verb + "\",resource=\"" + resource + "\",code=\"" + code + "\"}",
                        name -> new LongAdder())
                .increment();
    }

    void serve(Exchange http) throws IOException {
        var text = new StringBuilder("# TYPE apiserver_request_total counter\n");
        new TreeMap<>(requests).forEach((name, count) -> text.append(name).append(' ').append(count.sum()).append('\n'));
        text.append("# TYPE apiserver_current_inflight_requests gauge\napiserver_current_inflight_requests ")
                .append(inFlight.sum())
                .append('\n');
        http.send(200, "text/plain; version=0.0.4", text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
