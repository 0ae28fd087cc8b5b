package io.hypernetes.controllers.scaling;

import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodControl;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// What `metrics.k8s.io` tells of pods.
record MeasuredUse(Client client) {
    /// What the pods of a namespace use, in thousandths, by pod.
    ///
    /// @param key of the autoscaler that asks
    /// @param container empty for all of a pod together
    /// @throws Usage.UnknownUsageException when nobody tells
    Map<String, Usage.Sample> of(ObjectKey key, String resource, String container, Instant now) throws Usage.UnknownUsageException {
        JsonNode answer;
        try {
            answer = client.read(key.tenant(), "/apis/metrics.k8s.io/v1beta1/namespaces/" + key.namespace() + "/pods");
        } catch (ApiException refused) {
            throw new Usage.UnknownUsageException("unable to get metrics for resource " + resource
                    + ": unable to fetch metrics from resource metrics API: " + PodControl.reason(refused));
        }
        Map<String, Usage.Sample> used = new HashMap<>();
        for (JsonNode pod : answer.path("items")) {
            long sum = 0;
            boolean any = false;
            for (JsonNode each : pod.path("containers")) {
                String amount = each.path("usage").path(resource).asString("");
                if (!amount.isEmpty() && (container.isEmpty() || container.equals(each.path("name").asString("")))) {
                    try {
                        sum += Usage.millis(new Quantity(amount));
                        any = true;
                    } catch (IllegalArgumentException malformed) {
                        // A number that nobody understands is as good as none.
                    }
                }
            }
            if (any) {
                used.put(pod.path("metadata").path("name").asString(""), new Usage.Sample(sum, since(pod, now)));
            }
        }
        return used;
    }

    /// Without a time and a window that can be read, nothing is held against what was measured.
    private static Instant since(JsonNode metrics, Instant now) {
        try {
            String window = metrics.path("window").asString("").toUpperCase(Locale.ROOT);
            return Instant.parse(metrics.path("timestamp").asString("")).minus(Duration.parse("PT" + window));
        } catch (DateTimeException malformed) {
            return now;
        }
    }
}
