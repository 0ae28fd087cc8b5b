package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.CaBundle;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.crd.Approval;
import io.hypernetes.objects.kind.Kind;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The life of CustomResourceDefinitions: which names they get, when they are served, what holds them when they are deleted.
///
/// Upstream settles this in controllers, some time after the write; here the write itself does, so that the kind is there for the next
/// request.
public final class Definitions {
    /// Holds a definition until all objects of its kind are gone.
    public static final String FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

    private final TenantKinds kinds;

    public Definitions(TenantKinds kinds) {
        this.kinds = kinds;
    }

    /// Whether a kind is that of definitions.
    public static boolean areDefinitions(Kind kind) {
        return kind.type().group().equals(TenantKinds.GROUP) && kind.type().resource().equals(TenantKinds.RESOURCE);
    }

    /// Whether objects of the definition's kind are served.
    static boolean isEstablished(ObjectNode definition) {
        return Json.objects(definition.path("status"), "conditions").stream()
                .anyMatch(condition -> Json.string(condition, "type").equals("Established")
                        && Json.string(condition, "status").equals("True"));
    }

    /// Settles names and conditions of a definition that is about to be stored, changing it.
    ///
    /// @param old as it is stored, which alone says what names it had; empty for a new one
    /// @throws io.hypernetes.objects.ApiException 403 for a new one in a group of the server's own
    public void settle(String tenant, ObjectNode definition, ObjectNode old, Instant now) {
        var group = Json.string(definition, "spec", "group");
        if (old.isEmpty() && kinds.isOwn(group)) {
            throw ApiStatus.forbidden(
                            TenantKinds.GROUP,
                            TenantKinds.RESOURCE,
                            Json.string(definition, "metadata", "name"),
                            "the group %s is the server's own: define the kind in a group named by a domain of yours, such as example.com".formatted(group))
                    .asException();
        }
        var names = definition.path("spec").path("names");
        // A patched object shares what the patch left alone with the one before, which is still asked what it was.
        var status = Json.child(definition, "status").deepCopy();
        definition.set("status", status);
        var accepted = new AcceptedNames(names, old.path("status").path("acceptedNames"));
        accepted.settle(others(tenant, definition));
        status.set("acceptedNames", accepted.names());
        if (accepted.conflict().isEmpty()) {
            condition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
            establish(definition, old, now);
        } else {
            condition(definition, "NamesAccepted", "False", accepted.conflict(), accepted.message(), now);
            if (!isEstablished(old)) {
                condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
            }
        }
        var approval = Approval.of(definition);
        if (approval != null) {
            var approved = approval.state() == Approval.State.APPROVED ? "True" : "False";
            condition(definition, "KubernetesAPIApprovalPolicyConformant", approved, approval.state().text(), approval.reason(), now);
        }
    }

    /// A webhook that cannot be trusted yet is often one whose operator, started after its definitions, puts the certificate in; what was
    /// established once stays so.
    private static void establish(ObjectNode definition, ObjectNode old, Instant now) {
        var bundle = Json.string(definition, "spec", "conversion", "webhook", "clientConfig", "caBundle");
        if (isEstablished(old) || CaBundle.fault(bundle).isEmpty()) {
            condition(definition, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        } else {
            condition(definition, "Established", "False", "InvalidCABundle", "The conversion webhook CABundle is invalid", now);
        }
    }

    /// Marks a definition that is being deleted, changing it: its objects go first.
    public static void terminating(ObjectNode definition, Instant now) {
        var finalizers = Json.child(definition, "metadata").withArray("finalizers");
        for (var finalizer : finalizers) {
            if (finalizer.asString("").equals(FINALIZER)) {
                return;
            }
        }
        finalizers.add(FINALIZER);
        condition(
                definition,
                "Terminating",
                "True",
                "InstanceDeletionPending",
                "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
                now);
    }

    /// The names that other kinds of the group have.
    private AcceptedNames.Taken others(String tenant, ObjectNode definition) {
        var plural = Json.string(definition, "spec", "names", "plural");
        var group = Json.string(definition, "spec", "group");
        var resources = new HashSet<String>();
        var kindNames = new HashSet<String>();
        for (var type : kinds.types(tenant)) {
            boolean itself = kinds.builtIn().find(type.group(), type.version(), type.resource()) == null && type.resource().equals(plural);
            if (type.group().equals(group) && !itself) {
                resources.addAll(type.shortNames());
                resources.addAll(List.of(type.resource(), type.singular()));
                kindNames.addAll(List.of(type.kind(), type.listKind()));
            }
        }
        return new AcceptedNames.Taken(resources, kindNames);
    }

    private static void condition(
            ObjectNode definition, String type, String state, String reason, String message, Instant now) {
        var conditions = Json.child(definition, "status").withArray("conditions");
        ObjectNode found = null;
        for (JsonNode each : conditions) {
            if (each instanceof ObjectNode condition && Json.string(condition, "type").equals(type)) {
                found = condition;
            }
        }
        if (found == null) {
            found = conditions.addObject().put("type", type);
        }
        if (!Json.string(found, "status").equals(state)) {
            found.put("lastTransitionTime", ApiTime.format(now));
        }
        found.put("status", state).put("reason", reason).put("message", message);
    }

    /// Where the objects of a definition's kind are stored.
    static String prefix(String tenant, ObjectNode definition) {
        return ObjectKey.prefix(
                tenant, Json.string(definition, "spec", "group"), Json.string(definition, "spec", "names", "plural"));
    }
}
