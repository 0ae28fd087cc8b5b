package io.hypernetes.client;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import tools.jackson.databind.json.JsonMapper;

/// What whoever empties something needs of objects: their names, uids, marks of deletion and finalizers. All else of their metadata is passed over while it is
/// read: of what a tenant may say there in few letters the model makes several times as much.
final class LeanMetadata {
    static final JsonMapper MAPPER = Json.MAPPER.rebuild().addMixIn(ObjectMeta.class, Small.class).build();

    private LeanMetadata() {}

    @JsonIgnoreProperties({"annotations", "labels", "managedFields", "ownerReferences"})
    private interface Small {}
}
