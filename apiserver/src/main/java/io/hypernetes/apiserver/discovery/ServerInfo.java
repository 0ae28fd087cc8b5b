package io.hypernetes.apiserver.discovery;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.resource.Answers;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.KubernetesVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Serves `/version` and the health paths.
public final class ServerInfo {
    private static final Set<String> PLACES = Set.of("/livez", "/readyz", "/healthz");
    /// One asks nothing more than an answer; the empty one stands for all.
    private static final Set<String> CHECKS = Set.of("", "ping", "store");

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

    /// Answers `/livez`, `/readyz` and `/healthz`, and each of their checks below them.
    ///
    /// @throws io.hypernetes.objects.ApiException 404 when there is no such check
    public void health(Exchange http, String path) throws IOException {
        int slash = path.indexOf('/', 1);
        var all = slash < 0 ? path : path.substring(0, slash);
        if (!PLACES.contains(all) || slash >= 0 && !CHECKS.contains(path.substring(slash + 1))) {
            throw ApiStatus.noSuchResource().asException();
        }
        boolean good = path.endsWith("/ping") || path.startsWith("/livez") || ready.getAsBoolean();
        var name = path.substring(1);
        var text = http.queries("verbose").isEmpty()
                ? (good ? "ok" : name + " check failed")
                : "[%s]store %s%n%s check %s%n".formatted(good ? "+" : "-", good ? "ok" : "failed", name, good ? "passed" : "failed");
        http.setHeader("Cache-Control", "no-cache, private");
        http.setHeader("X-Content-Type-Options", "nosniff");
        http.send(good ? 200 : 500, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }
}
