package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Asks the webhook of one definition to convert objects. Of an object's metadata it may change labels and annotations, nothing else.
final class ConversionHook implements Conversion {
    private static final Logger log = LoggerFactory.getLogger(ConversionHook.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String GROUP = "apiextensions.k8s.io/";

    private final OutboundCall outbound;
    private final String tenant;
    private final JsonNode webhook;

    /// @param webhook `spec.conversion.webhook` of the definition
    ConversionHook(OutboundCall outbound, String tenant, JsonNode webhook) {
        this.outbound = outbound;
        this.tenant = tenant;
        this.webhook = webhook;
    }

    @Override
    public List<ObjectNode> convert(List<ObjectNode> objects, String to) {
        var what = Json.string(objects.getFirst(), "apiVersion") + ", Kind=" + Json.string(objects.getFirst(), "kind");
        boolean single = objects.size() == 1;
        List<JsonNode> converted;
        try {
            converted = ask(objects, to);
        } catch (IOException | MalformedJsonException | IllegalArgumentException e) {
            throw refused("conversion webhook for " + what + " failed: " + e.getMessage());
        }
        if (converted.size() != objects.size()) {
            throw refused("conversion webhook for %s returned %d objects, expected %d".formatted(what, converted.size(), objects.size()));
        }
        var all = new ArrayList<ObjectNode>(objects.size());
        for (int i = 0; i < objects.size(); i++) {
            try {
                all.add(checked(objects.get(i), converted.get(i), to));
            } catch (MalformedJsonException e) {
                var which = single ? "invalid object" : "invalid converted object at index " + i;
                throw refused("conversion webhook for %s returned %s: %s".formatted(what, which, e.getMessage()));
            }
        }
        return all;
    }

    /// What the webhook answers.
    ///
    /// @throws IOException when it cannot be asked, or its answer is none
    private List<JsonNode> ask(List<ObjectNode> objects, String to) throws IOException {
        var version = reviewVersion();
        var uid = UUID.randomUUID().toString();
        var review = Json.object().put("kind", "ConversionReview").put("apiVersion", GROUP + version);
        var request = review.putObject("request").put("uid", uid).put("desiredAPIVersion", to);
        objects.forEach(request.putArray("objects")::add);
        var answer = Json.readObject(outbound.post(OutboundCall.Peer.of(tenant, webhook.path("clientConfig")), Json.bytes(review), TIMEOUT));
        // Webhooks of v1beta1 were never made to name themselves or what they answer, and some do not.
        boolean strict = version.equals("v1");
        if (strict && !(Json.string(answer, "kind").equals("ConversionReview") && Json.string(answer, "apiVersion").equals(GROUP + version))) {
            throw new IOException("expected webhook response of %s%s, Kind=ConversionReview, got %s, Kind=%s"
                    .formatted(GROUP, version, Json.string(answer, "apiVersion"), Json.string(answer, "kind")));
        }
        var response = answer.path("response");
        if (!response.isObject()) {
            throw new IOException("no response provided");
        }
        if (strict && !Json.string(response, "uid").equals(uid)) {
            throw new IOException("expected response.uid=\"" + uid + "\", got \"" + Json.string(response, "uid") + "\"");
        }
        var status = Json.string(response, "result", "status");
        if (!status.equals("Success")) {
            var message = Json.string(response, "result", "message");
            throw new IOException(message.isEmpty() ? "response.result.status was '" + status + "', not 'Success'" : message);
        }
        var converted = new ArrayList<JsonNode>();
        response.path("convertedObjects").forEach(converted::add);
        return converted;
    }

    /// The first version of ConversionReview that it names of those that are known.
    private String reviewVersion() throws IOException {
        for (var version : webhook.path("conversionReviewVersions")) {
            if (version.asString("").equals("v1") || version.asString("").equals("v1beta1")) {
                return version.asString("");
            }
        }
        throw new IOException("no supported conversion review versions");
    }

    /// A converted object with the metadata that it had.
    ///
    /// @throws MalformedJsonException when it is not the same object in the version asked for
    private static ObjectNode checked(ObjectNode before, JsonNode answered, String to) {
        if (!(answered instanceof ObjectNode after)) {
            throw new MalformedJsonException("it is a " + Json.typeName(answered));
        }
        same("invalid groupVersion (expected %s, received %s)", to, Json.string(after, "apiVersion"));
        same("invalid kind (expected %s, received %s)", Json.string(before, "kind"), Json.string(after, "kind"));
        if (!(after.get("metadata") instanceof ObjectNode given)) {
            throw new MalformedJsonException("missing metadata in converted object");
        }
        same("must have the same name: %s != %s", Json.string(before, "metadata", "name"), Json.string(given, "name"));
        same("must have the same namespace: %s != %s", Json.string(before, "metadata", "namespace"), Json.string(given, "namespace"));
        same("must have the same UID: %s != %s", Json.string(before, "metadata", "uid"), Json.string(given, "uid"));
        var metadata = Json.child(before, "metadata").deepCopy();
        for (var words : List.of("labels", "annotations")) {
            var value = given.get(words);
            if (!Json.present(value)) {
                metadata.remove(words);
                continue;
            }
            if (!(value instanceof ObjectNode map)) {
                throw new MalformedJsonException("invalid metadata." + words + " of type " + Json.typeName(value) + " in converted object");
            }
            map.properties().forEach(member -> {
                if (!member.getValue().isString()) {
                    throw new MalformedJsonException("metadata.%s[%s] must be a string, but is %s in converted object"
                            .formatted(words, member.getKey(), Json.typeName(member.getValue())));
                }
            });
            if (!map.equals(metadata.get(words))) {
                valid(words, map);
            }
            metadata.set(words, map);
        }
        after.set("metadata", metadata);
        return after;
    }

    private static void valid(String words, ObjectNode map) {
        var errors = Kind.metadataErrors(words, map);
        if (!errors.isEmpty()) {
            throw new MalformedJsonException(errors.stream().map(error -> error.path() + ": " + error.message()).collect(Collectors.joining(", ")));
        }
    }

    private static void same(String otherwise, String expected, String received) {
        if (!expected.equals(received)) {
            throw new MalformedJsonException(otherwise.formatted(expected, received));
        }
    }

    /// Upstream has no reason for it, but a sentence.
    private ApiException refused(String why) {
        log.info("event=conversion-failed tenant={} cause={}", tenant, why);
        return new ApiStatus(500, "", why, null).asException();
    }
}
