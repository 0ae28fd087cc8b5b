package io.hypernetes.controllers.history;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Documents;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.TemplateHash;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The revisions of the objects of one kind. A revision's data is a patch that puts the template of its time back, which is what
/// `kubectl rollout undo` applies.
public final class RevisionHistory<O extends HasMetadata> {
    private static final Comparator<ControllerRevision> BY_NUMBER = Comparator
            .<ControllerRevision>comparingLong(revision -> revision.getRevision() == null ? 0 : revision.getRevision())
            .thenComparing(revision -> String.valueOf(revision.getMetadata().getCreationTimestamp()))
            .thenComparing(revision -> revision.getMetadata().getName());

    private final Client client;
    private final Kind<O> kind;
    private final String hashLabel;
    private final Claims<O, ControllerRevision> claims;
    private final OwnWrites<ControllerRevision> own;

    /// @param hashLabel under which a revision carries its hash
    public RevisionHistory(Client client, Kind<O> kind, String hashLabel, Caches caches) {
        this.client = client;
        this.kind = kind;
        this.hashLabel = hashLabel;
        this.claims = new Claims<>(client, kind, Kind.CONTROLLER_REVISION, caches.byController(Kind.CONTROLLER_REVISION));
        this.own = new OwnWrites<>(caches.of(Kind.CONTROLLER_REVISION));
    }

    /// Whether the cache shows what was written about an owner.
    public boolean visible(ObjectKey key) {
        return own.visible(key);
    }

    /// The revisions of an owner, oldest first.
    public List<ControllerRevision> of(ObjectKey key, O owner, LabelSelector selector) {
        return claims.of(key, owner, selector).stream().sorted(BY_NUMBER).toList();
    }

    /// The revision of the present template, which is the newest from now on; it is made when there is none.
    ///
    /// @param known as [#of] gave them
    /// @return empty when its name is taken by another template: `collisions` has to be raised
    public Optional<ControllerRevision> current(
            ObjectKey key, O owner, PodTemplateSpec template, List<ControllerRevision> known, @Nullable Integer collisions) {
        ObjectNode data = data(template);
        String text = Documents.canonical(data);
        long newest = known.isEmpty() ? 0 : known.getLast().getRevision();
        List<ControllerRevision> equal = known.stream().filter(revision -> text.equals(text(revision))).toList();
        if (!equal.isEmpty()) {
            ControllerRevision found = equal.getLast();
            return Optional.of(found.getRevision() == newest ? found : renumbered(key, found, newest + 1));
        }
        String hash = TemplateHash.of(text, collisions);
        Map<String, String> labels = new HashMap<>(PodControl.labels(template));
        labels.put(hashLabel, hash);
        ControllerRevision wanted = new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName(owner.getMetadata().getName() + "-" + hash)
                .withNamespace(key.namespace())
                .withLabels(labels)
                .withAnnotations(annotations(owner))
                .withOwnerReferences(Claims.reference(kind, owner))
                .endMetadata()
                .withData(Documents.read(data, Object.class))
                .withRevision(newest + 1)
                .build();
        try {
            ControllerRevision made = client.of(Kind.CONTROLLER_REVISION).create(key.tenant(), wanted);
            own.wrote(key, made);
            return Optional.of(made);
        } catch (ApiException refused) {
            if (!refused.isAlreadyExists()) {
                throw refused;
            }
            return client.of(Kind.CONTROLLER_REVISION).find(ObjectKey.of(key.tenant(), wanted)).filter(there -> text.equals(text(there)));
        }
    }

    /// The hash that pods of a revision carry.
    public String hash(ControllerRevision revision) {
        Map<String, String> labels = revision.getMetadata().getLabels();
        String hash = labels == null ? null : labels.get(hashLabel);
        return hash == null ? revision.getMetadata().getName() : hash;
    }

    /// The template that a revision holds.
    public static PodTemplateSpec template(ControllerRevision revision) {
        ObjectNode template = (ObjectNode) Documents.tree(revision.getData()).path("spec").path("template").deepCopy();
        template.remove("$patch");
        return Documents.read(template, PodTemplateSpec.class);
    }

    /// Deletes the oldest revisions beyond a limit, but none that is in use.
    public void truncate(ObjectKey key, List<ControllerRevision> known, Set<String> inUse, @Nullable Integer limit) {
        List<ControllerRevision> idle = known.stream().filter(revision -> !inUse.contains(revision.getMetadata().getName())).toList();
        if (limit != null && limit < 0) {
            // All are kept.
            return;
        }
        int surplus = idle.size() - (limit == null ? 10 : limit);
        for (ControllerRevision revision : idle.subList(0, Math.max(0, surplus))) {
            client.of(Kind.CONTROLLER_REVISION).delete(ObjectKey.of(key.tenant(), revision), new Deletion(null, revision.getMetadata().getUid()));
            own.deleted(key, revision);
        }
    }

    private ControllerRevision renumbered(ObjectKey key, ControllerRevision revision, long number) {
        ControllerRevision after = client.of(Kind.CONTROLLER_REVISION)
                .update(key.tenant(), new ControllerRevisionBuilder(revision).withRevision(number).build());
        own.wrote(key, after);
        return after;
    }

    /// What `kubectl rollout history` shows as the cause of a change.
    private static Map<String, String> annotations(HasMetadata owner) {
        Map<String, String> annotations = new HashMap<>();
        if (owner.getMetadata().getAnnotations() != null) {
            annotations.putAll(owner.getMetadata().getAnnotations());
            annotations.keySet().removeAll(List.of(ObjectKey.TENANT_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"));
        }
        return annotations;
    }

    private static ObjectNode data(PodTemplateSpec template) {
        ObjectNode tree = (ObjectNode) Documents.tree(template);
        tree.put("$patch", "replace");
        ObjectNode data = tree.objectNode();
        data.putObject("spec").set("template", tree);
        return data;
    }

    private static String text(ControllerRevision revision) {
        JsonNode data = revision.getData() == null ? null : Documents.tree(revision.getData());
        return data == null ? "" : Documents.canonical(data);
    }
}
