package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.resource.Answers;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.KubernetesVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/// Serves `/version` and the health paths.
public final class ServerInfo {
    private final BooleanSupplier ready;

    /// @param ready whether requests can be served
    public ServerInfo(BooleanSupplier ready) {
        this.ready = ready;
    }

    public void version(Exchange http) throws IOException {
        var version = Json.object();
        version.put("major", KubernetesVersion.MAJOR);
        version.put("minor", KubernetesVersion.MINOR);
        version.put("gitVersion", KubernetesVersion.GIT_VERSION);
        version.put("gitCommit", "");
        version.put("gitTreeState", "clean");
        version.put("buildDate", "2026-01-01T00:00:00Z");
        version.put("goVersion", "");
        version.put("compiler", "Java " + Runtime.version().feature());
        version.put("platform", "linux/" + System.getProperty("os.arch", "amd64").toLowerCase(Locale.ROOT));
        Answers.json(http, 200, version);
    }

    /// Answers `/livez`, `/readyz` and `/healthz`.
    public void health(Exchange http, String path) throws IOException {
        boolean good = path.startsWith("/livez") || ready.getAsBoolean();
        var name = path.substring(1);
        var text = http.queries("verbose").isEmpty()
                ? (good ? "ok" : name + " check failed")
                : "[%s]store %s%n%s check %s%n".formatted(good ? "+" : "-", good ? "ok" : "failed", name, good ? "passed" : "failed");
        http.setHeader("Cache-Control", "no-cache, private");
        http.setHeader("X-Content-Type-Options", "nosniff");
        http.send(good ? 200 : 500, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }
}
