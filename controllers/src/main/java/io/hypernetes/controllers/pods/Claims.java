package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.objects.selector.LabelSelector;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/// Which dependents of one kind belong to an owner: those it controls and whose labels match; matching orphans are adopted, controlled
/// ones that do not match any more are released.
///
/// @param dependents by controller, as [Caches#byController] gives them
public record Claims<O extends HasMetadata, D extends HasMetadata>(
        Client client, Kind<O> owners, Kind<D> kind, Index<D> dependents) {

    /// The dependents that are the owner's, as the cache has them or as adoption left them.
    public List<D> of(ObjectKey key, O owner, LabelSelector selector) {
        return of(key, owner, selector, any -> true);
    }

    /// @param adoptable what else must hold before an orphan is adopted
    public List<D> of(ObjectKey key, O owner, LabelSelector selector, Predicate<? super D> adoptable) {
        List<D> mine = new ArrayList<>();
        boolean leaving = owner.getMetadata().getDeletionTimestamp() != null;
        for (D dependent : Caches.controlledBy(dependents, key, owner.getMetadata().getUid())) {
            if (selector.matches(Selectors.labelsOf(dependent))) {
                mine.add(dependent);
            } else if (!leaving) {
                release(key, owner, dependent);
            }
        }
        // The empty selector would adopt everything in sight.
        if (leaving || selector.isEverything()) {
            return mine;
        }
        for (D orphan : dependents.get(Caches.orphansOf(key))) {
            if (orphan.getMetadata().getDeletionTimestamp() == null
                    && selector.matches(Selectors.labelsOf(orphan))
                    && adoptable.test(orphan)
                    && isStillThere(key, owner)) {
                adopt(key, owner, orphan, selector, mine);
            }
        }
        return mine;
    }

    /// The reference by which an owner controls what it makes.
    public static OwnerReference reference(Kind<?> kind, HasMetadata owner) {
        return new OwnerReferenceBuilder()
                .withApiVersion(kind.apiVersion())
                .withKind(kind.kind())
                .withName(owner.getMetadata().getName())
                .withUid(owner.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
    }

    // The cache may not know yet that the owner is being deleted; what it then adopts would go with it.
    private boolean isStillThere(ObjectKey key, O owner) {
        return client.of(owners).find(key)
                .filter(now -> Objects.equals(now.getMetadata().getUid(), owner.getMetadata().getUid()))
                .filter(now -> now.getMetadata().getDeletionTimestamp() == null)
                .isPresent();
    }

    private void adopt(ObjectKey key, O owner, D orphan, LabelSelector selector, List<D> mine) {
        client.of(kind).change(ObjectKey.of(key.tenant(), orphan), null, current -> {
                    if (!sameObject(current, orphan)
                            || Caches.controllerRef(current) != null
                            || current.getMetadata().getDeletionTimestamp() != null
                            || !selector.matches(Selectors.labelsOf(current))) {
                        return null;
                    }
                    List<OwnerReference> references = new ArrayList<>(references(current));
                    references.removeIf(reference -> reference.getUid().equals(owner.getMetadata().getUid()));
                    references.add(reference(owners, owner));
                    current.getMetadata().setOwnerReferences(references);
                    return current;
                })
                .ifPresent(mine::add);
    }

    private void release(ObjectKey key, O owner, D dependent) {
        client.of(kind).change(ObjectKey.of(key.tenant(), dependent), null, current -> {
            if (!sameObject(current, dependent)) {
                return null;
            }
            List<OwnerReference> left = references(current).stream()
                    .filter(reference -> !reference.getUid().equals(owner.getMetadata().getUid()))
                    .toList();
            if (left.size() == references(current).size()) {
                return null;
            }
            current.getMetadata().setOwnerReferences(left);
            return current;
        });
    }

    private static boolean sameObject(HasMetadata now, HasMetadata seen) {
        return Objects.equals(now.getMetadata().getUid(), seen.getMetadata().getUid());
    }

    private static List<OwnerReference> references(HasMetadata object) {
        List<OwnerReference> references = object.getMetadata().getOwnerReferences();
        return references == null ? List.of() : references;
    }
}
