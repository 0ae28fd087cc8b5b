package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.access.Authentication;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.access.Authorisation;
import io.hypernetes.apiserver.access.ServiceAccountTokens;
import io.hypernetes.apiserver.custom.Cleanup;
import io.hypernetes.apiserver.custom.TenantKinds;
import io.hypernetes.apiserver.node.NodeRelay;
import io.hypernetes.apiserver.node.TenantDialer;
import io.hypernetes.apiserver.quota.Quotas;
import io.hypernetes.apiserver.rbac.Policies;
import io.hypernetes.apiserver.service.ServiceAllocator;
import io.hypernetes.apiserver.storage.Feeds;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.StoredTrees;
import io.hypernetes.apiserver.tenant.Tenants;
import io.hypernetes.apiserver.webhook.DynamicAdmission;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.RandomReserve;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// Finds what serves a request for a resource.
public final class Resources {
    private final Reads reads;
    private final Watches watches;
    private final Writes writes;
    private final Deletes deletes;
    private final Bindings bindings;
    private final Eviction eviction;
    private final PodStreams streams;
    private final Proxies proxies;
    private final UsageReads usage;
    private final TokenRequests tokenRequests;
    private final TokenReviews tokenReviews;
    private final AccessReviews accessReviews;
    private final Scales scales;
    private final Programmed dynamic;

    /// @param podOverhead what the machine around each pod costs, by resource name
    /// @param services gives services their addresses
    public Resources(
            LayeredStore store,
            TenantKinds kinds,
            Cleanup cleanup,
            DynamicAdmission programmed,
            Feeds feeds,
            Tenants tenants,
            NodeRelay relay,
            TenantDialer dialer,
            ServiceAccountTokens tokens,
            Authentication authentication,
            Authorisation authorisation,
            Policies policies,
            Quotas quotas,
            Map<String, String> podOverhead,
            ServiceAllocator services,
            RandomReserve random) {
        var indexes = new Indexed.Cache();
        this.dynamic = new Programmed(programmed, kinds.builtIn(), authorisation);
        var trees = new StoredTrees();
        var lifecycle = new NamespaceLifecycle(store, trees);
        var removal = new Removal(store, tenants, indexes, services);
        this.reads = new Reads(store, new Ranges(store), indexes);
        this.watches = new Watches(feeds, reads, kinds);
        this.writes = new Writes(
                store,
                kinds.builtIn(),
                new Admission(
                        store,
                        trees,
                        lifecycle,
                        tenants,
                        new PodAdmission(podOverhead),
                        new ServiceAccountAdmission(store, trees, tokens, random),
                        authorisation,
                        policies,
                        quotas,
                        services,
                        kinds),
                removal,
                dynamic,
                random);
        this.deletes = new Deletes(store, reads, removal, cleanup, dynamic, authorisation);
        var decoding = new Decoding(kinds.builtIn());
        this.bindings = new Bindings(store, lifecycle);
        this.eviction = new Eviction(store, decoding, lifecycle, dynamic, deletes);
        this.streams = new PodStreams(store, reads, relay);
        this.proxies = new Proxies(store, dialer);
        this.usage = new UsageReads(store, relay);
        this.tokenRequests = new TokenRequests(store, decoding, lifecycle, tokens);
        this.tokenReviews = new TokenReviews(decoding, tokens, authentication);
        this.accessReviews = new AccessReviews(decoding, authorisation, policies);
        this.scales = new Scales(kinds.builtIn(), reads, writes);
    }

    /// Serves a request that is authorised, as far as its kind is needed for it.
    ///
    /// @return the rest
    public Continuation serve(ResourceRequest request) throws IOException {
        var deprecation = request.kind().deprecation();
        if (!deprecation.isEmpty()) {
            Decoding.warn(request.http(), deprecation);
        }
        var target = request.target();
        if (target.plural().equals("endpoints") && target.group().isEmpty() && !request.caller().isControllerManager()) {
            Decoding.warn(request.http(), "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
        }
        if (request.kind().type().is("", "bindings")) {
            requireVerb(request, target.verb().equals("create") && !target.namespace().isEmpty());
            bindings.bind(request);
        } else if (TokenReviews.serves(target.group(), target.plural())) {
            requireVerb(request, target.verb().equals("create") && target.collection());
            if (target.plural().equals("tokenreviews")) {
                tokenReviews.review(request);
            } else {
                tokenReviews.self(request);
            }
        } else if (AccessReviews.serves(target.group())) {
            requireVerb(request, target.verb().equals("create") && target.collection());
            accessReviews.review(request);
        } else if (target.group().equals(UsageReads.GROUP)) {
            usage.serve(request);
        } else {
            return target.subresource().isEmpty() ? object(request) : part(request);
        }
        return Continuation.NONE;
    }

    private Continuation object(ResourceRequest request) throws IOException {
        var target = request.target();
        var type = request.kind().type();
        if (request.kind().type().shared() && !request.tenant().equals(Caller.ROOT) && target.writes()) {
            throw ApiStatus.forbidden(
                            type.group(),
                            type.resource(),
                            target.name(),
                            type.resource() + " are the operator's: a tenant sees what its pods may ask of them, and "
                                    + (type.is("", "nodes") ? "cannot change, cordon or drain them" : "cannot make, change or delete them"))
                    .asException();
        }
        requireVerb(request, type.verbs().contains(target.verb()));
        if (type.namespaced() && target.namespace().isEmpty() && !List.of("list", "watch").contains(target.verb())) {
            if (target.verb().equals("create")) {
                throw ApiStatus.badRequest("an empty namespace may not be set during creation").asException();
            }
            throw ApiStatus.noSuchResource().asException();
        }
        if (!type.namespaced() && !target.namespace().isEmpty()) {
            throw ApiStatus.noSuchResource().asException();
        }
        switch (target.verb()) {
            case "get" -> {
                return reads.get(request);
            }
            case "list" -> {
                return reads.list(request);
            }
            case "watch" -> {
                return watches.begin(request);
            }
            case "deletecollection" -> {
                return deletes.deleteCollection(request);
            }
            case "create" -> {
                requireVerb(request, target.collection());
                writes.create(request);
            }
            case "update" -> {
                requireVerb(request, !target.collection());
                writes.update(request);
            }
            case "patch" -> {
                requireVerb(request, !target.collection());
                writes.patch(request);
            }
            case "delete" -> deletes.delete(request);
            default -> throw ApiStatus.methodNotAllowed().asException();
        }
        return Continuation.NONE;
    }

    private Continuation part(ResourceRequest request) throws IOException {
        var target = request.target();
        var type = request.kind().type();
        var verb = target.verb();
        var known = type.subresources().get(target.subresource());
        if (known == null || target.name().isEmpty() || verb.equals("watch")) {
            throw ApiStatus.noSuchResource().asException();
        }
        switch (target.resourcePath()) {
            case "nodes/proxy" -> {
                requireVerb(request, verb.equals("get"));
                dynamic.proxy(request, "NodeProxyOptions");
                streams.nodeProxy(request);
            }
            case "pods/proxy" -> {
                dynamic.proxy(request, "PodProxyOptions");
                proxies.pod(request);
            }
            case "services/proxy" -> {
                dynamic.proxy(request, "ServiceProxyOptions");
                proxies.service(request);
            }
            case "pods/binding" -> {
                requireVerb(request, verb.equals("create"));
                bindings.bind(request);
            }
            case "pods/eviction" -> {
                requireVerb(request, verb.equals("create"));
                eviction.evict(request);
            }
            case "serviceaccounts/token" -> {
                requireVerb(request, verb.equals("create"));
                tokenRequests.create(request);
            }
            case "pods/log" -> {
                requireVerb(request, verb.equals("get"));
                streams.log(request);
            }
            case "pods/exec", "pods/attach" -> {
                requireVerb(request, List.of("get", "create").contains(verb));
                dynamic.connect(request, target.subresource().equals("exec") ? "PodExecOptions" : "PodAttachOptions");
                streams.exec(request, target.subresource());
            }
            case "pods/portforward" -> {
                requireVerb(request, List.of("get", "create").contains(verb));
                dynamic.connect(request, "PodPortForwardOptions");
                streams.portForward(request);
            }
            default -> {
                requireVerb(request, known.verbs().contains(verb));
                if (target.subresource().equals("scale")) {
                    scales.serve(request);
                    return Continuation.NONE;
                }
                switch (verb) {
                    case "get" -> {
                        return reads.get(request);
                    }
                    case "update" -> writes.update(request);
                    case "patch" -> writes.patch(request);
                    default -> throw ApiStatus.methodNotAllowed().asException();
                }
            }
        }
        return Continuation.NONE;
    }

    private static void requireVerb(ResourceRequest request, boolean allowed) {
        if (!allowed) {
            throw ApiStatus.methodNotAllowed().asException();
        }
    }
}
