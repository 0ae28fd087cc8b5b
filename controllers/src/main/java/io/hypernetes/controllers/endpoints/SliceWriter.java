package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Makes the slices of one controller what a plan says.
///
/// @param manager the name by which a controller knows its own slices
/// @param slices by namespace
record SliceWriter(Client client, String manager, Index<EndpointSlice> slices, OwnWrites<EndpointSlice> own) {
    static final String SERVICE = "kubernetes.io/service-name";
    static final String MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
    static final String HEADLESS = "service.kubernetes.io/headless";

    static SliceWriter of(Client client, String manager, Caches caches) {
        return new SliceWriter(client, manager, caches.byNamespace(Kind.ENDPOINT_SLICE), new OwnWrites<>(caches.of(Kind.ENDPOINT_SLICE)));
    }

    /// What is noted of slices as annotations.
    ///
    /// @param of from what is noted of a slice already
    /// @param alone whether a slice is written when nothing else of it changes
    record Notes(UnaryOperator<Map<String, String>> of, boolean alone) {}

    /// The slices of a Service that this controller made.
    List<EndpointSlice> of(ObjectKey key) {
        return slices.get(Caches.namespaceOf(key)).stream()
                .filter(slice -> slice.getMetadata().getDeletionTimestamp() == null)
                .filter(slice -> key.name().equals(Selectors.labelsOf(slice).get(SERVICE)) && manager.equals(Selectors.labelsOf(slice).get(MANAGED_BY)))
                .sorted(java.util.Comparator.comparing(slice -> slice.getMetadata().getName()))
                .toList();
    }

    /// @param labels that every slice has besides the two by which it is found
    void write(ObjectKey key, HasMetadata owner, OwnerReference reference, Map<String, String> labels, Notes notes, SlicePlan plan) {
        Map<String, String> all = new HashMap<>(labels);
        all.put(SERVICE, key.name());
        all.put(MANAGED_BY, manager);
        for (EndpointSlice slice : plan.delete()) {
            delete(key, slice);
        }
        Map<EndpointSlice, List<Endpoint>> updates = new HashMap<>(plan.update());
        for (EndpointSlice slice : of(key)) {
            boolean renoted = notes.alone && !notes.of.apply(annotationsOf(slice)).equals(annotationsOf(slice));
            if ((renoted || !Selectors.labelsOf(slice).equals(all)) && !plan.delete().contains(slice)) {
                updates.putIfAbsent(slice, slice.getEndpoints());
            }
        }
        updates.forEach((slice, endpoints) -> own.wrote(key, client.of(Kind.ENDPOINT_SLICE).update(key.tenant(), new EndpointSliceBuilder(slice)
                .editMetadata().withLabels(all).withAnnotations(notes.of.apply(annotationsOf(slice))).endMetadata()
                .withEndpoints(endpoints).build())));
        for (SlicePlan.Contents contents : plan.create()) {
            try {
                own.wrote(key, client.of(Kind.ENDPOINT_SLICE).create(key.tenant(), new EndpointSliceBuilder()
                        .withNewMetadata()
                        .withGenerateName(owner.getMetadata().getName() + "-")
                        .withNamespace(key.namespace())
                        .withLabels(all)
                        .withAnnotations(notes.of.apply(Map.of()))
                        .withOwnerReferences(reference)
                        .endMetadata()
                        .withAddressType(contents.addressType())
                        .withPorts(contents.ports())
                        .withEndpoints(contents.endpoints())
                        .build()));
            } catch (ApiException refused) {
                if (!PodControl.isTerminatingNamespace(refused)) {
                    throw refused;
                }
            }
        }
    }

    /// Without the mark of this process's caches.
    static Map<String, String> annotationsOf(HasMetadata object) {
        Map<String, String> annotations = new HashMap<>(object.getMetadata().getAnnotations() == null ? Map.of() : object.getMetadata().getAnnotations());
        annotations.remove(ObjectKey.TENANT_ANNOTATION);
        return annotations;
    }

    void delete(ObjectKey key, EndpointSlice slice) {
        client.of(Kind.ENDPOINT_SLICE).delete(ObjectKey.of(key.tenant(), slice), new Deletion(null, slice.getMetadata().getUid()));
        own.deleted(key, slice);
    }
}
