package io.hypernetes.controllers.scaling;

import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.scaling.Usage.UnknownUsageException;
import io.hypernetes.objects.selector.LabelSelector;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What `metrics.k8s.io` tells of the pods of one autoscaler at one look: asked once, however many metrics there are. Not thread-safe.
final class MeasuredUse {
    private final Client client;
    private final ObjectKey key;
    private final LabelSelector selector;
    private final Instant now;
    private @Nullable JsonNode answer;
    private @Nullable String refusal;

    /// @param key of the autoscaler
    MeasuredUse(Client client, ObjectKey key, LabelSelector selector, Instant now) {
        this.client = client;
        this.key = key;
        this.selector = selector;
        this.now = now;
    }

    /// What the pods use, by their names.
    ///
    /// @param container empty for all of a pod together
    /// @throws UnknownUsageException when nobody tells
    Map<String, Usage.Sample> of(String resource, String container) throws UnknownUsageException {
        try {
            JsonNode items = answer().path("items");
            if (items.isEmpty()) {
                throw new UnknownUsageException("no metrics returned from resource metrics API");
            }
            return container.isEmpty() ? ofPods(items, resource) : ofContainers(items, resource, container);
        } catch (UnknownUsageException unknown) {
            throw new UnknownUsageException("unable to get metrics for resource " + resource + ": " + unknown.getMessage());
        }
    }

    private JsonNode answer() throws UnknownUsageException {
        if (answer == null && refusal == null) {
            try {
                answer = client.read(key.tenant(), "/apis/metrics.k8s.io/v1beta1/namespaces/" + key.namespace() + "/pods?labelSelector="
                        + URLEncoder.encode(selector.toString(), StandardCharsets.UTF_8));
            } catch (ApiException refused) {
                refusal = "unable to fetch metrics from resource metrics API: " + PodControl.reason(refused);
            }
        }
        if (answer == null) {
            throw new UnknownUsageException(String.valueOf(refusal));
        }
        return answer;
    }

    /// One of whose containers nothing is known is not known: what is missing might be most of it.
    private Map<String, Usage.Sample> ofPods(JsonNode items, String resource) {
        Map<String, Usage.Sample> used = new HashMap<>();
        for (JsonNode pod : items) {
            long sum = 0;
            boolean known = !pod.path("containers").isEmpty();
            for (JsonNode each : pod.path("containers")) {
                Optional<Long> amount = amount(each, resource);
                known &= amount.isPresent();
                sum = Amounts.plus(sum, amount.orElse(0L));
            }
            if (known) {
                used.put(name(pod), new Usage.Sample(sum, since(pod)));
            }
        }
        return used;
    }

    private Map<String, Usage.Sample> ofContainers(JsonNode items, String resource, String container) throws UnknownUsageException {
        Map<String, Usage.Sample> used = new HashMap<>();
        for (JsonNode pod : items) {
            JsonNode found = pod.path("containers").valueStream().filter(each -> container.equals(each.path("name").asString(""))).findFirst()
                    .orElseThrow(() -> new UnknownUsageException("failed to get container metrics: container " + container + " not present in metrics for pod "
                            + key.namespace() + "/" + name(pod)));
            amount(found, resource).ifPresent(amount -> used.put(name(pod), new Usage.Sample(amount, since(pod))));
        }
        return used;
    }

    private static String name(JsonNode pod) {
        return pod.path("metadata").path("name").asString("");
    }

    /// A number that nobody understands is as good as none.
    private static Optional<Long> amount(JsonNode container, String resource) {
        String text = container.path("usage").path(resource).asString("");
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Amounts.millis(text));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /// Without a time and a window that can be read, nothing is held against what was measured.
    private Instant since(JsonNode metrics) {
        try {
            String window = metrics.path("window").asString("").toUpperCase(Locale.ROOT);
            return Instant.parse(metrics.path("timestamp").asString("")).minus(Duration.parse("PT" + window));
        } catch (DateTimeException malformed) {
            return now;
        }
    }
}
