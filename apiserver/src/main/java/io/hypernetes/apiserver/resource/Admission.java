package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.Suspension;
import io.hypernetes.apiserver.admission.LimitRanges;
import io.hypernetes.apiserver.admission.LocalDisks;
import io.hypernetes.apiserver.admission.PriorityClasses;
import io.hypernetes.apiserver.admission.RuntimeClasses;
import io.hypernetes.apiserver.admission.StorageClasses;
import io.hypernetes.apiserver.quota.PodResources;
import io.hypernetes.apiserver.quota.Quotas;
import io.hypernetes.apiserver.rbac.Escalation;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.custom.Definitions;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.access.PodReferences;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.service.ServiceAllocator;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.apiserver.tenant.Segments;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.apiserver.webhook.PolicyTypes;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.PodQos;
import io.hypernetes.store.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// What is decided about an object after it is understood and before it is validated: by its kind, its surroundings, and
/// who brings it. What is judged of the whole, once nobody changes it any more, stands in [Judgement].
final class Admission {
    private final LayeredStore store;
    private final StoredTrees trees;
    private final NamespaceLifecycle lifecycle;
    private final Tenants tenants;
    private final PodAdmission pods;
    private final ServiceAccountAdmission accounts;
    private final Authorisation authorisation;
    private final Escalation escalation;
    private final SigningAdmission signing;
    private final LimitRanges limits;
    private final PriorityClasses priorities;
    private final RuntimeClasses runtimes;
    private final StorageClasses storage;
    private final Quotas quotas;
    private final ServiceAllocator services;
    private final TenantKinds kinds;
    private final Definitions definitions;
    private final Judgement judgement;
    private final PolicyTypes policies;

    Admission(
            LayeredStore store,
            StoredTrees trees,
            NamespaceLifecycle lifecycle,
            Tenants tenants,
            PodAdmission pods,
            ServiceAccountAdmission accounts,
            Authorisation authorisation,
            Policies policies,
            Quotas quotas,
            ServiceAllocator services,
            TenantKinds kinds) {
        this.store = store;
        this.trees = trees;
        this.lifecycle = lifecycle;
        this.tenants = tenants;
        this.pods = pods;
        this.accounts = accounts;
        this.authorisation = authorisation;
        this.escalation = new Escalation(policies);
        this.signing = new SigningAdmission(policies);
        this.limits = new LimitRanges(store, trees);
        this.priorities = new PriorityClasses(store, trees);
        this.runtimes = new RuntimeClasses(store);
        this.storage = new StorageClasses(store);
        this.quotas = quotas;
        this.kinds = kinds;
        this.policies = new PolicyTypes(kinds);
        this.definitions = new Definitions(kinds);
        this.services = services;
        this.judgement = new Judgement(store, trees, limits, storage);
    }

    /// Whether admission gives objects of a kind what another may take before the commit.
    boolean gives(Kind kind) {
        return isService(kind);
    }

    static boolean isService(Kind kind) {
        return kind.type().group().isEmpty() && kind.type().resource().equals("services");
    }

    /// Admits a new object, completing it.
    Admitted create(ResourceRequest request, ObjectNode object) {
        return create(request, object, true);
    }

    /// @param first whether it is as whoever called wrote it
    private Admitted create(ResourceRequest request, ObjectNode object, boolean first) {
        var operations = new ArrayList<Operation>();
        var namespace = Json.object();
        List<ObjectNode> ranges = List.of();
        if (request.kind().type().namespaced()) {
            var entry = lifecycle.active(request, Json.string(object, "metadata", "name"));
            operations.add(new Operation.Check(entry.key(), entry.revision()));
            namespace = trees.of(entry);
        }
        var tenant = living(request, object);
        tenant.ifPresent(state -> operations.add(state.unchanged()));
        escalation.check(request.tenant(), request.caller(), request.target(), object, null);
        if (request.kind().isCustom()) {
            operations.add(kinds.guard(request.tenant(), request.kind())
                    .orElseThrow(() -> new ApiStatus(
                                    405,
                                    "MethodNotAllowed",
                                    "create not allowed while custom resource definition is terminating",
                                    null)
                            .asException()));
            return new Admitted(operations, namespace, ranges);
        }
        switch (request.kind().type().resource()) {
            case "pods" -> {
                boolean mirror = MirrorAdmission.create(request, object);
                var cost = object.path("spec").path("overhead").deepCopy();
                if (!mirror && object.get("spec") instanceof ObjectNode spec) {
                    spec.remove("overhead");
                }
                pods.create(request, object, mirror);
                annotate(object, Suspension.ANNOTATION, tenant.map(TenantState::suspended).orElse(false) ? ApiTime.format(request.now()) : "");
                annotate(object, TenantState.ISOLATION_ANNOTATION, tenant.map(TenantState::strict).orElse(false) ? TenantState.STRICT : "");
                if (!mirror) {
                    accounts.create(request, object);
                }
                runtimes.pod(object);
                // Else it is what it was given here, perhaps for another class.
                if (!mirror && first) {
                    runtimes.checkOverhead(object, cost);
                }
                priorities.pod(request.tenant(), object);
                ranges = limits.of(request.tenant(), request.target().namespace());
                LimitRanges.fill(ranges, object);
                PodQos.settle(object);
            }
            case "persistentvolumeclaims" -> storage.claim(request.tenant(), object);
            case "persistentvolumes" -> protect(object, tenant);
            case "priorityclasses" -> priorities.onlyDefault(request.tenant(), object, Json.object());
            case "namespaces" -> {
                Tenants.complete(object);
                operations.addAll(tenants.basics(
                        request.tenant(), Json.string(object, "metadata", "name"), request.now()));
            }
            case "nodes" -> {
                NodeRestriction.create(request, object);
                NodeTaints.create(object);
            }
            case "leases" -> NodeRestriction.create(request, object);
            case "certificatesigningrequests" -> signing.create(request, object);
            case "events" -> event(request, object);
            default -> {}
        }
        return new Admitted(operations, namespace, ranges);
    }

    /// Admits a new object again after policies and webhooks of the tenant have changed it: they have no more rights than whoever called, and what is completed
    /// for everybody is completed of what they made too, as upstream calls its own plugins once more (`pkg/admission/plugin/webhook/generic` and
    /// `pkg/admission/reinvocation.go` of apiserver).
    Admitted again(ResourceRequest request, ObjectNode object) {
        return create(request, object, false);
    }

    private static void protect(ObjectNode volume, Optional<TenantState> tenant) {
        StorageClasses.protect(volume, "kubernetes.io/pv-protection");
        LocalDisks.create(volume, tenant.map(state -> Json.string(state.object(), "metadata", "uid")).orElse(""));
    }

    /// Admits a change again after policies and webhooks of the tenant have changed it: what the tenant's state says of a pod is as it was admitted, whatever they
    /// made of it.
    ///
    /// @param admitted as it was before them
    /// @return what else the commit must check or write
    List<Operation> again(ResourceRequest request, ObjectNode updated, ObjectNode old, ObjectNode admitted) {
        if (request.kind().type().is("", "pods")) {
            keep(updated, admitted, Suspension.ANNOTATION);
            keep(updated, admitted, TenantState.ISOLATION_ANNOTATION);
            Granted.keep(updated, admitted);
            if (request.target().subresource().equals("resize")) {
                PodResources.keepUntilTold(updated, old);
            }
        } else if (request.kind().type().is("", "persistentvolumes")) {
            LocalDisks.update(updated, admitted, false);
        }
        return update(request, updated, old);
    }

    /// Completes an object that nobody else changes any more with what the server alone says of it, changing it. Mutating admission does not see that: upstream
    /// gives it when it stores the object (`beginCreate` of `pkg/registry/core/service/storage/storage.go`), or in controllers afterwards.
    ///
    /// @param old as it is stored; empty for a new object
    /// @return what else the commit must check or write
    List<Operation> settle(ResourceRequest request, ObjectNode object, ObjectNode old) {
        switch (request.kind().isCustom() ? "" : request.kind().type().resource()) {
            case "services" -> {
                if (request.target().subresource().isEmpty()) {
                    return services.settle(request.tenant(), object, old);
                }
            }
            case "validatingadmissionpolicies" -> {
                if (request.target().subresource().isEmpty()) {
                    policies.settle(request.tenant(), object);
                }
            }
            case "customresourcedefinitions" -> definitions.settle(request.tenant(), object, old, request.now());
            case "tenants" -> {
                if (old.isEmpty()) {
                    return tenant(request, object);
                }
                Segments.update(object, old);
            }
            case "secrets" -> {
                // What may not change cannot be filled either.
                if (!Json.flag(old, "immutable")) {
                    accounts.secret(request, object);
                }
            }
            default -> {}
        }
        return List.of();
    }

    /// Judges a new object that is complete and valid.
    ///
    /// @param admitted what admission found last
    void judge(ResourceRequest request, ObjectNode object, Admitted admitted) {
        judgement.created(request, object, admitted);
    }

    /// Judges a changed object that is complete and valid.
    void judge(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        judgement.changed(request, updated, old);
    }

    /// Checks that whoever may patch an object may also create it, where applying it does.
    void mayCreate(ResourceRequest request) {
        var at = request.target();
        var target = new Target(
                true, "create", at.path(), at.group(), at.version(), at.plural(), at.namespace(), "", "", true);
        authorisation.check(request.caller(), request.tenantPath(), target, "");
    }

    /// Called once a new object is committed, before its creator is answered.
    void created(ResourceRequest request, String name) {
        switch (request.kind().isCustom() ? "" : request.kind().type().resource()) {
            case "tenants" -> tenants.made(name);
            // What is there already is counted before anybody relies on the quota.
            case "resourcequotas" -> quotas.recount(request.tenant(), request.target().namespace(), name);
            default -> {}
        }
    }

    /// Charges a new object, complete and valid, to the quotas of its namespace; the turn lasts until the commit is made.
    Quotas.Charge charge(ResourceRequest request, ObjectNode object) {
        return quotas.charge(request.tenant(), request.target().namespace(), request.kind(), object);
    }

    /// Charges what an object uses more after a change; the turn lasts until the commit is made.
    Quotas.Charge charge(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        return quotas.charge(request.tenant(), request.target().namespace(), request.kind(), updated, old, request.target().subresource().equals("status"));
    }

    /// Admits a change.
    ///
    /// @return what else the commit must check or write
    List<Operation> update(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        switch (request.kind().isCustom() ? "" : request.kind().type().resource()) {
            case "nodes", "persistentvolumeclaims" -> NodeRestriction.update(request, updated, old);
            case "events" -> {
                // What others told is not read or overwritten by making it a thing of one's own.
                event(request, old);
                event(request, updated);
            }
            case "certificatesigningrequests" -> signing.update(request, updated, old);
            case "persistentvolumes" -> LocalDisks.update(updated, old, request.caller().tenant().equals(Caller.ROOT));
            case "pods" -> {
                NodeRestriction.update(request, updated, old);
                keepTenantState(request, updated, old);
                if (!request.caller().tenant().equals(Caller.ROOT)) {
                    Granted.keep(updated, old);
                }
                if (request.target().subresource().equals("resize")) {
                    if (Json.string(old, "metadata", "deletionTimestamp").isEmpty()) {
                        limits.resized(request.tenant(), request.target().namespace(), updated);
                    }
                    PodResources.keepUntilTold(updated, old);
                }
            }
            case "priorityclasses" -> priorities.onlyDefault(request.tenant(), updated, old);
            case "namespaces" -> {
                if (!request.target().subresource().equals("finalize")) {
                    // Only the finalize subresource lets go of a namespace.
                    Json.child(updated, "spec").set("finalizers", Json.at(old, "spec", "finalizers").isArray()
                            ? Json.at(old, "spec", "finalizers")
                            : Json.array());
                }
            }
            default -> {}
        }
        escalation.check(request.tenant(), request.caller(), request.target(), updated, old);
        // The first change of what every tenant has from the start makes it the tenant's own, as long as there is that tenant.
        return (request.kind().type().namespaced() && !LayeredStore.isOfBase(old)) || request.tenant().equals(Caller.ROOT)
                ? List.of()
                : List.of(TenantState.of(store, request.tenant())
                        .orElseThrow(() -> ApiStatus.notFound("hypernetes.io", "tenants", request.tenant()).asException())
                        .unchanged());
    }

    /// Only the controllers stop pods and let them go on, and nobody changes what a pod was made with.
    private static void keepTenantState(ResourceRequest request, ObjectNode updated, ObjectNode old) {
        if (!request.caller().isControllerManager()) {
            keep(updated, old, Suspension.ANNOTATION);
        }
        keep(updated, old, TenantState.ISOLATION_ANNOTATION);
    }

    private static void keep(ObjectNode updated, ObjectNode old, String annotation) {
        var before = Json.string(old, "metadata", "annotations", annotation);
        if (!before.equals(Json.string(updated, "metadata", "annotations", annotation))) {
            annotate(updated, annotation, before);
        }
    }

    /// The tenant of a request, which its commit checks: so nothing is made in a tenant that goes, nor left behind by it.
    private Optional<TenantState> living(ResourceRequest request, ObjectNode object) {
        if (request.tenant().equals(Caller.ROOT)) {
            return Optional.empty();
        }
        var state = TenantState.of(store, request.tenant())
                .orElseThrow(() -> ApiStatus.notFound("hypernetes.io", "tenants", request.tenant()).asException());
        if (state.terminating()) {
            var type = request.kind().type();
            throw ApiStatus.forbidden(type.group(), type.resource(), Json.string(object, "metadata", "name"), "the tenant is being deleted")
                    .asException();
        }
        return Optional.of(state);
    }

    /// What the tenant's state says of a pod, and nobody else may: empty takes the annotation away.
    private static void annotate(ObjectNode pod, String annotation, String value) {
        var annotations = Json.child(Json.child(pod, "metadata"), "annotations");
        if (value.isEmpty()) {
            annotations.remove(annotation);
        } else {
            annotations.put(annotation, value);
        }
        if (annotations.isEmpty()) {
            Json.child(pod, "metadata").remove("annotations");
        }
    }

    private List<Operation> tenant(ResourceRequest request, ObjectNode object) {
        var name = Json.string(object, "metadata", "name");
        var wrong = Names.label(name);
        if (!wrong.isEmpty() || name.equals(Caller.ROOT)) {
            throw ApiStatus.invalid(
                            "hypernetes.io",
                            "Tenant",
                            name,
                            List.of(FieldError.invalid(
                                    "metadata.name",
                                    name,
                                    wrong.isEmpty() ? "this is the operator's own tenant" : wrong.getFirst())))
                    .asException();
        }
        var finalizers = Json.child(object, "metadata").withArray("finalizers");
        boolean held = false;
        for (var finalizer : finalizers) {
            held |= finalizer.asString("").equals(Tenants.FINALIZER);
        }
        if (!held) {
            finalizers.add(Tenants.FINALIZER);
        }
        Json.child(object, "status").put("phase", "Active");
        return tenants.base(object, request.now());
    }

    /// A node tells only of itself, of pods that are bound to it, and of the claims that these name.
    private void event(ResourceRequest request, ObjectNode object) {
        var node = request.caller().node();
        if (node.isEmpty()) {
            return;
        }
        var about = object.has("involvedObject") ? object.path("involvedObject") : object.path("regarding");
        // Nodes leave out the version of what they tell of themselves.
        boolean core = Json.string(about, "apiVersion").isEmpty() || Json.string(about, "apiVersion").equals("v1");
        boolean allowed = core
                && switch (Json.string(about, "kind")) {
                    case "Node" -> request.tenant().equals(Caller.ROOT) && Json.string(about, "name").equals(node.get());
                    case "Pod" ->
                        Json.string(about, "namespace").equals(request.target().namespace())
                                && store.get(new ObjectKey(
                                                        request.tenant(),
                                                        "",
                                                        "pods",
                                                        request.target().namespace(),
                                                        Json.string(about, "name"))
                                                .text())
                                        .map(entry -> Json.string(Json.readObject(entry.value()), "spec", "nodeName"))
                                        .filter(node.get()::equals)
                                        .isPresent();
                    case "PersistentVolumeClaim" -> namesClaim(request, node.get(), Json.string(about, "namespace"), Json.string(about, "name"));
                    default -> false;
                };
        if (!allowed) {
            throw ApiStatus.forbidden(
                            "",
                            "events",
                            Json.string(object, "metadata", "name"),
                            "node " + node.get() + " may only tell of itself, of the pods bound to it, and of the claims that these name")
                    .asException();
        }
    }

    private boolean namesClaim(ResourceRequest request, String node, String namespace, String claim) {
        return namespace.equals(request.target().namespace())
                && store.list(ObjectKey.prefix(request.tenant(), "", "pods", namespace), "", 0).entries().stream()
                        .map(entry -> Json.readObject(entry.value()))
                        .anyMatch(pod -> Json.string(pod, "spec", "nodeName").equals(node) && PodReferences.of(pod).claims().contains(claim));
    }
}
