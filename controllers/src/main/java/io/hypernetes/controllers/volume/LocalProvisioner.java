package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import io.hypernetes.client.Selectors;
import io.hypernetes.client.VolumeMatch;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Makes PersistentVolumes that are disks of nodes. The node makes the disk itself when the first pod uses it; it takes room as it fills.
final class LocalProvisioner {
    private static final String HOSTNAME = "kubernetes.io/hostname";

    private final Client client;
    private final EventRecorder events;
    private final Shelf shelf;

    LocalProvisioner(Client client, EventRecorder events, Shelf shelf) {
        this.client = client;
        this.events = events;
        this.shelf = shelf;
    }

    /// Makes the volume of a claim, on the node that was selected for it, else on that with the fewest of them. Idempotent.
    void provision(ObjectKey key, PersistentVolumeClaim claim, StorageClass type) {
        Optional<String> refusal = refusal(claim, type);
        if (refusal.isPresent()) {
            failed(key, claim, type, refusal.get());
            return;
        }
        String selected = VolumeMatch.selectedNode(claim);
        Optional<Node> node = selected.isEmpty() ? emptiest() : shelf.node(selected);
        if (node.isEmpty()) {
            if (selected.isEmpty()) {
                failed(key, claim, type, "there is no node that is ready");
            } else {
                failed(key, claim, type, "node \"" + selected + "\" not found");
                forgetNode(key);
            }
            return;
        }
        PersistentVolume volume = volume(key, claim, type, node.get());
        try {
            client.of(Kind.PERSISTENT_VOLUME).create(key.tenant(), volume);
        } catch (ApiException refused) {
            if (refused.isAlreadyExists()) {
                return;
            }
            failed(key, claim, type, String.valueOf(refused.getMessage()));
            throw refused;
        }
        events.record(key.tenant(), claim, EventRecorder.Type.NORMAL, "ProvisioningSucceeded",
                "Successfully provisioned volume " + volume.getMetadata().getName());
    }

    private void failed(ObjectKey key, PersistentVolumeClaim claim, StorageClass type, String why) {
        events.record(key.tenant(), claim, EventRecorder.Type.WARNING, "ProvisioningFailed",
                "failed to provision volume with StorageClass \"" + type.getMetadata().getName() + "\": " + why);
    }

    private static Optional<String> refusal(PersistentVolumeClaim claim, StorageClass type) {
        if (claim.getSpec().getAccessModes().contains("ReadWriteMany")) {
            return Optional.of("a volume is a disk, which one machine at a time can write, so ReadWriteMany cannot be had; use ReadWriteOnce");
        }
        if ("Block".equals(claim.getSpec().getVolumeMode())) {
            return Optional.of("pods cannot have bare block devices in this release; use volumeMode Filesystem");
        }
        if (claim.getSpec().getSelector() != null) {
            return Optional.of("claim Selector is not supported");
        }
        if (claim.getSpec().getDataSourceRef() != null || claim.getSpec().getDataSource() != null) {
            return Optional.of("volumes cannot be made of others in this release; leave out dataSource");
        }
        if (type.getParameters() != null && !type.getParameters().isEmpty()) {
            return Optional.of("the class has the parameter " + type.getParameters().keySet().iterator().next() + ", and " + LocalVolume.PROVISIONER + " knows none");
        }
        return Optional.empty();
    }

    private Optional<Node> emptiest() {
        return shelf.nodes().list(LocalProvisioner::takesPods).stream()
                .min(Comparator.comparingLong(this::volumesOn).thenComparing(node -> node.getMetadata().getName()));
    }

    private static boolean takesPods(Node node) {
        return Placement.untolerated(node, List.of(), "NoSchedule", "NoExecute") == null
                && !Boolean.TRUE.equals(node.getSpec() == null ? null : node.getSpec().getUnschedulable())
                && node.getMetadata().getDeletionTimestamp() == null;
    }

    private long volumesOn(Node node) {
        String name = node.getMetadata().getName();
        return shelf.volumes().list(volume -> LocalVolume.of(volume).filter(local -> local.node().equals(name)).isPresent()).size();
    }

    /// The scheduler chooses again.
    private void forgetNode(ObjectKey key) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(key, null, now -> {
            if (now.getMetadata().getAnnotations() == null || now.getMetadata().getAnnotations().remove(VolumeMatch.SELECTED_NODE) == null) {
                return null;
            }
            return now;
        });
    }

    private static PersistentVolume volume(ObjectKey key, PersistentVolumeClaim claim, StorageClass type, Node node) {
        String name = "pvc-" + claim.getMetadata().getUid();
        String host = Selectors.labelsOf(node).getOrDefault(HOSTNAME, node.getMetadata().getName());
        return new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToAnnotations("pv.kubernetes.io/provisioned-by", LocalVolume.PROVISIONER)
                .withFinalizers(VolumeProtection.OF_VOLUMES, LocalVolume.FINALIZER)
                .endMetadata()
                .withNewSpec()
                .addToCapacity("storage", claim.getSpec().getResources().getRequests().get("storage"))
                .withAccessModes(claim.getSpec().getAccessModes())
                .withClaimRef(Binding.reference(key, claim))
                .withPersistentVolumeReclaimPolicy(type.getReclaimPolicy() == null ? "Delete" : type.getReclaimPolicy())
                .withStorageClassName(type.getMetadata().getName())
                .withVolumeMode("Filesystem")
                .withNewCsi()
                .withDriver(LocalVolume.DRIVER)
                .withVolumeHandle(name)
                .withFsType("ext4")
                .addToVolumeAttributes(LocalVolume.NODE, node.getMetadata().getName())
                .endCsi()
                .withNewNodeAffinity()
                .withNewRequired()
                .addNewNodeSelectorTerm()
                .addNewMatchExpression()
                .withKey(HOSTNAME)
                .withOperator("In")
                .withValues(host)
                .endMatchExpression()
                .endNodeSelectorTerm()
                .endRequired()
                .endNodeAffinity()
                .endSpec()
                .build();
    }
}
