package io.hypernetes.apiserver.service;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.ServiceAddresses;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Fills in the families of a service's addresses, in a cluster that has IPv4 only: initIPFamilyFields of upstream's
/// `pkg/registry/core/service/storage/alloc.go`. One use each.
final class AddressFamilies {
    private static final String POLICY = "spec.ipFamilyPolicy";

    private final ObjectNode service;
    private final ObjectNode spec;
    private final JsonNode before;

    /// @param service with its defaults; gets its one address in both forms, its policy and its families
    /// @param old as it is stored; empty for a new service
    AddressFamilies(ObjectNode service, ObjectNode old) {
        this.service = service;
        this.spec = Json.child(service, "spec");
        this.before = old.path("spec");
    }

    /// What keeps it from having addresses; empty when nothing does, or nothing but what was stored so when less was asked: who takes a finalizer away
    /// or sets a label has not asked for addresses.
    List<FieldError> settle() {
        if (Json.string(spec, "type").equals("ExternalName")) {
            return List.of();
        }
        if (before.isMissingNode() && !Json.string(spec, "clusterIP").isEmpty() && spec.path("clusterIPs").isEmpty()) {
            spec.putArray("clusterIPs").add(Json.string(spec, "clusterIP"));
        }
        // Nobody knows of which families the endpoints are that are made by hand.
        boolean open = isOpen(spec);
        var known = Json.string(before, "ipFamilyPolicy");
        Json.setDefault(spec, "ipFamilyPolicy", known.isEmpty() ? (open ? "RequireDualStack" : "SingleStack") : known);
        boolean kept = isKept();
        if (kept && Json.string(spec, "ipFamilyPolicy").equals("PreferDualStack")) {
            // It is neither given more nor less than it has: isMatchingPreferDualStackClusterIPFields there.
            return List.of();
        }
        var faults = fill(open);
        return kept && open == isOpen(before) ? List.of() : faults;
    }

    private List<FieldError> fill(boolean open) {
        var malformed = ServiceAddresses.faults(service);
        if (!malformed.isEmpty()) {
            return malformed;
        }
        var faults = new ArrayList<FieldError>();
        reduce(faults);
        infer(faults);
        if (!faults.isEmpty()) {
            return faults;
        }
        var policy = Json.string(spec, "ipFamilyPolicy");
        ArrayNode families = spec.withArray("ipFamilies");
        if (open) {
            if (families.isEmpty()) {
                families.add("IPv4");
            }
            if (families.size() < 2 && !policy.equals("SingleStack")) {
                families.add(families.path(0).asString("").equals("IPv4") ? "IPv6" : "IPv4");
            }
            return List.of();
        }
        if (policy.equals("RequireDualStack")) {
            faults.add(FieldError.invalid(POLICY, policy, "this cluster is not configured for dual-stack services"));
        }
        for (int i = 0; i < families.size(); i++) {
            if (families.path(i).asString("").equals("IPv6")) {
                faults.add(FieldError.invalid("spec.ipFamilies[" + i + "]", "IPv6", "not configured on this cluster"));
            }
        }
        if (families.isEmpty()) {
            families.add("IPv4");
        }
        return faults;
    }

    private static boolean isOpen(JsonNode spec) {
        return Json.string(spec, "clusterIP").equals("None") && spec.path("selector").isEmpty();
    }

    /// Whether all that is looked at here is as it was.
    private boolean isKept() {
        return !before.isMissingNode()
                && List.of("type", "clusterIP", "ipFamilyPolicy").stream().allMatch(name -> Json.string(spec, name).equals(Json.string(before, name)))
                && List.of("clusterIPs", "ipFamilies").stream().allMatch(name -> same(spec.path(name), before.path(name)));
    }

    private static boolean same(JsonNode now, JsonNode then) {
        return now.equals(then) || now.isEmpty() && then.isEmpty();
    }

    /// Who asks for one family and changes nothing else means the first; who takes one away has to say so.
    private void reduce(List<FieldError> faults) {
        var policy = Json.string(spec, "ipFamilyPolicy");
        boolean single = policy.equals("SingleStack");
        for (String[] each : new String[][] {{"clusterIPs", "cluster IP"}, {"ipFamilies", "IP family"}}) {
            int size = spec.path(each[0]).size();
            if (single && size > 1 && spec.path(each[0]).equals(before.path(each[0]))) {
                var first = spec.path(each[0]).path(0);
                spec.putArray(each[0]).add(first);
            } else if (!single && size > 0 && size < before.path(each[0]).size()) {
                faults.add(FieldError.invalid(POLICY, policy, "must be 'SingleStack' to release the secondary " + each[1]));
            }
        }
        for (String[] each : new String[][] {{"clusterIPs", "cluster IPs"}, {"ipFamilies", "IP families"}}) {
            if (single && spec.path(each[0]).size() == 2) {
                faults.add(FieldError.invalid(
                        POLICY, policy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple " + each[1] + " are specified"));
            }
        }
    }

    /// Addresses say of which family they are.
    private void infer(List<FieldError> faults) {
        var addresses = spec.path("clusterIPs");
        for (int i = spec.path("ipFamilies").size(); i < addresses.size(); i++) {
            var address = addresses.path(i).asString("");
            if (address.equals("None")) {
                return;
            }
            if (address.contains(":")) {
                faults.add(FieldError.invalid("spec.clusterIPs[" + i + "]", addresses, "IPv6 is not configured on this cluster"));
            } else {
                spec.withArray("ipFamilies").add("IPv4");
            }
        }
    }
}
