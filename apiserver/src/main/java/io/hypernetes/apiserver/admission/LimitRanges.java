package io.hypernetes.apiserver.admission;

import io.hypernetes.apiserver.quota.PodResources;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Quantity;
import io.hypernetes.store.Store;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Applies the LimitRanges of a namespace: fills in what containers leave out, and refuses what is too small, too large or too uneven.
public final class LimitRanges {
    private static final String ANNOTATION = "kubernetes.io/limit-ranger";

    private final Store store;
    private final StoredTrees trees;

    public LimitRanges(Store store, StoredTrees trees) {
        this.store = store;
        this.trees = trees;
    }

    /// What the LimitRanges of a namespace say, which nobody may change.
    public List<ObjectNode> of(String tenant, String namespace) {
        return store.list(ObjectKey.prefix(tenant, "", "limitranges", namespace), "", 0).entries().stream()
                .flatMap(entry -> Json.objects(trees.of(entry).path("spec"), "limits").stream())
                .toList();
    }

    /// Checks a new pod, or the sizes of one that is resized. What a container or the whole has already is not checked again: `PodValidateLimitFunc` of upstream's
    /// `plugin/pkg/admission/limitranger/admission.go`.
    ///
    /// @param items as [#of] tells them
    /// @param old as it is stored; empty for a new pod
    /// @throws io.hypernetes.objects.ApiException 403 when it is out of a range
    public static void pod(List<ObjectNode> items, ObjectNode pod, ObjectNode old) {
        if (items.isEmpty()) {
            return;
        }
        var wrong = new ArrayList<String>();
        var before = new HashMap<String, Amounts>();
        containers(old.path("spec")).forEach(container -> before.put(Json.string(container, "name"), Amounts.of(container)));
        for (var item : items) {
            switch (Json.string(item, "type")) {
                case "Container" -> {
                    for (var container : containers(pod.path("spec"))) {
                        check(item, "Container", Amounts.of(container), before.get(Json.string(container, "name")), wrong);
                    }
                }
                case "Pod" -> check(item, "Pod", Amounts.ofPod(pod), old.isEmpty() ? null : Amounts.ofPod(old), wrong);
                default -> {}
            }
        }
        refuse("pods", pod, wrong);
    }

    /// Checks a new or changed claim. What it asked for before is not checked again: `PersistentVolumeClaimValidateLimitFunc` of upstream.
    ///
    /// @param old as it is stored; empty for a new claim
    /// @throws io.hypernetes.objects.ApiException 403 when it is out of a range
    public void claim(String tenant, String namespace, ObjectNode claim, ObjectNode old) {
        var wrong = new ArrayList<String>();
        for (var item : of(tenant, namespace)) {
            if (Json.string(item, "type").equals("PersistentVolumeClaim")) {
                check(item, "PersistentVolumeClaim", Amounts.ofClaim(claim), old.isEmpty() ? null : Amounts.ofClaim(old), wrong);
            }
        }
        refuse("persistentvolumeclaims", claim, wrong);
    }

    /// What something asks for, and at most gets.
    private record Amounts(Map<String, Quantity> requests, Map<String, Quantity> limits) {
        static Amounts of(ObjectNode container) {
            var resources = container.path("resources");
            return new Amounts(quantities(resources.path("requests")), quantities(resources.path("limits")));
        }

        static Amounts ofPod(ObjectNode pod) {
            var resources = PodResources.of(pod.path("spec"));
            return new Amounts(resources.requests(), resources.limits());
        }

        /// A claim has no limits; what it asks for it gets.
        static Amounts ofClaim(ObjectNode claim) {
            var requests = quantities(claim.path("spec").path("resources").path("requests"));
            return new Amounts(requests, requests);
        }

        boolean isAsIn(@Nullable Amounts other, String resource) {
            return other != null && same(requests.get(resource), other.requests.get(resource)) && same(limits.get(resource), other.limits.get(resource));
        }

        private static boolean same(@Nullable Quantity one, @Nullable Quantity other) {
            return one == null || other == null ? one == other : one.compareTo(other) == 0;
        }
    }

    private static List<ObjectNode> containers(JsonNode spec) {
        var all = new ArrayList<>(Json.objects(spec, "initContainers"));
        all.addAll(Json.objects(spec, "containers"));
        return all;
    }

    /// Completes a new pod, and notes there what was filled in.
    ///
    /// @param items as [#of] tells them
    public static void fill(List<ObjectNode> items, ObjectNode pod) {
        var told = complete(items, pod);
        if (!told.isEmpty()) {
            Json.child(Json.child(pod, "metadata"), "annotations").put(ANNOTATION, "LimitRanger plugin set: " + String.join("; ", told));
        }
    }

    /// Completes the sizes of a pod that is resized. Nothing is noted: a resize changes sizes alone (`dropNonResizeUpdates` of upstream's
    /// `pkg/registry/core/pod/strategy.go`, which comes after admission).
    public void resized(String tenant, String namespace, ObjectNode pod) {
        complete(of(tenant, namespace), pod);
    }

    /// @return what was filled in, in words
    private static List<String> complete(List<ObjectNode> items, ObjectNode pod) {
        if (items.isEmpty()) {
            return List.of();
        }
        var limits = new TreeMap<String, JsonNode>();
        var requests = new TreeMap<String, JsonNode>();
        for (var item : items) {
            if (Json.string(item, "type").equals("Container")) {
                // The later word is the weaker: what is there already stays.
                for (var part : List.of("default", "max")) {
                    item.path(part).properties().forEach(member -> limits.putIfAbsent(member.getKey(), member.getValue()));
                }
                for (var part : List.of("defaultRequest", "default", "min")) {
                    item.path(part).properties().forEach(member -> requests.putIfAbsent(member.getKey(), member.getValue()));
                }
            }
        }
        var told = new ArrayList<String>();
        for (var list : List.of("containers", "initContainers")) {
            for (var container : Json.objects(pod.path("spec"), list)) {
                var name = (list.equals("containers") ? "container " : "init container ") + Json.string(container, "name");
                set(container, "requests", requests, told, name);
                set(container, "limits", limits, told, name);
            }
        }
        return told;
    }

    private static void set(ObjectNode container, String part, Map<String, JsonNode> defaults, List<String> told, String name) {
        var set = new TreeSet<String>();
        defaults.forEach((resource, value) -> {
            if (!container.path("resources").path(part).has(resource)) {
                Json.child(Json.child(container, "resources"), part).set(resource, value);
                set.add(resource);
            }
        });
        if (!set.isEmpty()) {
            told.add(String.join(", ", set) + " " + part.substring(0, part.length() - 1) + " for " + name);
        }
    }

    /// @param before what it had when that is stored, and so is not judged again; null for something new
    private static void check(ObjectNode item, String type, Amounts amounts, @Nullable Amounts before, List<String> wrong) {
        var requests = amounts.requests;
        var limits = amounts.limits;
        item.path("min").properties().forEach(member -> {
            var resource = member.getKey();
            if (amounts.isAsIn(before, resource)) {
                return;
            }
            var least = PodResources.quantity(member.getValue());
            var request = requests.get(resource);
            var limit = limits.get(resource);
            var text = "minimum " + resource + " usage per " + type + " is " + least;
            if (request == null) {
                wrong.add(text + ".  No request is specified");
            } else if (request.compareTo(least) < 0) {
                wrong.add(text + ", but request is " + request);
            } else if (limit != null && limit.compareTo(least) < 0) {
                wrong.add(text + ", but limit is " + limit);
            }
        });
        item.path("max").properties().forEach(member -> {
            var resource = member.getKey();
            if (amounts.isAsIn(before, resource)) {
                return;
            }
            var most = PodResources.quantity(member.getValue());
            var request = requests.get(resource);
            var limit = limits.get(resource);
            var text = "maximum " + resource + " usage per " + type + " is " + most;
            if (limit == null) {
                wrong.add(text + ".  No limit is specified");
            } else if (limit.compareTo(most) > 0) {
                wrong.add(text + ", but limit is " + limit);
            } else if (request != null && request.compareTo(most) > 0) {
                wrong.add(text + ", but request is " + request);
            }
        });
        item.path("maxLimitRequestRatio").properties().forEach(member -> {
            if (amounts.isAsIn(before, member.getKey())) {
                return;
            }
            var text = ratio(member.getKey(), type, PodResources.quantity(member.getValue()), requests.get(member.getKey()), limits.get(member.getKey()));
            if (!text.isEmpty()) {
                wrong.add(text);
            }
        });
    }

    private static String ratio(String resource, String type, Quantity most, @Nullable Quantity request, @Nullable Quantity limit) {
        var text = resource + " max limit to request ratio per " + type + " is " + most + ", but ";
        if (request == null || request.isZero()) {
            return text + "no request is specified or request is 0";
        }
        if (limit == null || limit.isZero()) {
            return text + "no limit is specified or limit is 0";
        }
        var ratio = limit.decimal().divide(request.decimal(), 6, RoundingMode.HALF_UP);
        return ratio.compareTo(most.decimal()) > 0 ? text + "provided ratio is " + ratio.toPlainString() : "";
    }

    private static Map<String, Quantity> quantities(JsonNode resources) {
        var quantities = new TreeMap<String, Quantity>();
        resources.properties().forEach(member -> quantities.put(member.getKey(), PodResources.quantity(member.getValue())));
        return quantities;
    }

    private static void refuse(String resource, ObjectNode object, List<String> wrong) {
        if (!wrong.isEmpty()) {
            throw ApiStatus.forbidden(
                            "",
                            resource,
                            Json.string(object, "metadata", "name"),
                            wrong.size() == 1 ? wrong.getFirst() : "[" + String.join(", ", wrong) + "]")
                    .asException();
        }
    }
}
