package io.hypernetes.apiserver;

import io.hypernetes.objects.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.ObjectNode;

/// The events of one watch, read by a thread of its own.
final class Watch implements AutoCloseable {
    private final LinkedBlockingQueue<ObjectNode> events = new LinkedBlockingQueue<>();
    private final HttpResponse<java.io.InputStream> response;
    private final Thread reader;

    Watch(HttpClient http, HttpRequest request) {
        try {
            response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("watch failed", e);
        }
        if (response.statusCode() != 200) {
            throw new AssertionError("watch answered " + response.statusCode());
        }
        reader = Thread.startVirtualThread(() -> {
            try (var lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    events.add(Json.readObject(line));
                }
            } catch (IOException e) {
                // Closing ends the stream this way.
            }
        });
    }

    ObjectNode next() throws InterruptedException {
        var event = events.poll(60, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("no event came within ten seconds");
        }
        return event;
    }

    /// `ADDED web`, as the type and the name.
    String nextText() throws InterruptedException {
        var event = next();
        return Json.string(event, "type") + " " + Json.string(event, "object", "metadata", "name");
    }

    boolean quietFor(long millis) throws InterruptedException {
        return events.poll(millis, TimeUnit.MILLISECONDS) == null;
    }

    void awaitEnd() throws InterruptedException {
        if (!reader.join(Duration.ofSeconds(60))) {
            throw new AssertionError("the watch did not end");
        }
    }

    @Override
    public void close() throws IOException {
        response.body().close();
    }
}
