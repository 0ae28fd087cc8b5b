package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMapProjection;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SecretProjection;
import io.fabric8.kubernetes.api.model.SecretVolumeSource;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.hypernetes.kubelet.volume.AtomicFolder.Content;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// What the volumes of one pod hold that come from the API, collected once. For one thread.
final class VolumeContents implements AutoCloseable {
    private static final int DEFAULT_MODE = 0644;
    /// What a group may do with files that are given to it, whatever their modes say.
    private static final int GROUP_MODE = 0440;

    private final String tenant;
    private final PodFields fields;
    private final PodTokens tokens;
    private final NamedObjects objects;
    private final VolumeRoom room;
    private final @Nullable Integer group;

    /// @param turns of pods with large volumes
    VolumeContents(String tenant, PodFields fields, Sources sources, PodTokens tokens, Semaphore turns) {
        this.tenant = tenant;
        this.fields = fields;
        this.tokens = tokens;
        this.group = group(fields.pod());
        this.room = new VolumeRoom(turns);
        this.objects = new NamedObjects(
                sources, tenant, fields.pod().getMetadata().getNamespace(), true, VolumeRoom.MOST_POD_BYTES, VolumeException::new);
        fields.pod().getSpec().getVolumes().forEach(this::need);
    }

    private static @Nullable Integer group(Pod pod) {
        PodSecurityContext context = pod.getSpec().getSecurityContext();
        return context == null || context.getFsGroup() == null ? null : (int) (long) context.getFsGroup();
    }

    /// Whose the files are; null for the group of who writes them.
    @Nullable Integer group() {
        return group;
    }

    @Override
    public void close() {
        room.close();
    }

    private void need(Volume volume) {
        if (volume.getConfigMap() != null) {
            needConfigMap(volume.getConfigMap().getName(), volume.getConfigMap().getItems());
        } else if (volume.getSecret() != null) {
            needSecret(volume.getSecret().getSecretName(), volume.getSecret().getItems());
        } else if (volume.getProjected() != null) {
            for (VolumeProjection projection : volume.getProjected().getSources()) {
                if (projection.getConfigMap() != null) {
                    needConfigMap(projection.getConfigMap().getName(), projection.getConfigMap().getItems());
                } else if (projection.getSecret() != null) {
                    needSecret(projection.getSecret().getName(), projection.getSecret().getItems());
                }
            }
        }
    }

    private void needConfigMap(String name, List<KeyToPath> items) {
        if (items.isEmpty()) {
            objects.needConfigMap(name);
        } else {
            objects.needConfigMap(name, items.stream().map(KeyToPath::getKey).toList());
        }
    }

    private void needSecret(String name, List<KeyToPath> items) {
        if (items.isEmpty()) {
            objects.needSecret(name);
        } else {
            objects.needSecret(name, items.stream().map(KeyToPath::getKey).toList());
        }
    }

    /// The files of a volume, by path; to be asked for once.
    ///
    /// @throws VolumeException when something is missing, or when it is more than a volume, or all volumes of a pod, may hold
    Map<String, Content> of(Volume volume) {
        room.begin();
        Map<String, Content> files = new TreeMap<>();
        if (volume.getConfigMap() != null) {
            ConfigMapVolumeSource source = volume.getConfigMap();
            configMap(files, source.getName(), source.getItems(), source.getOptional(), mode(source.getDefaultMode()));
        } else if (volume.getSecret() != null) {
            SecretVolumeSource source = volume.getSecret();
            secret(files, source.getSecretName(), source.getItems(), source.getOptional(), mode(source.getDefaultMode()));
        } else if (volume.getDownwardAPI() != null) {
            downward(files, volume.getDownwardAPI().getItems(), mode(volume.getDownwardAPI().getDefaultMode()));
        } else {
            for (VolumeProjection projection : volume.getProjected().getSources()) {
                project(files, projection, mode(volume.getProjected().getDefaultMode()));
            }
        }
        return files;
    }

    private void project(Map<String, Content> files, VolumeProjection projection, int mode) {
        if (projection.getConfigMap() != null) {
            ConfigMapProjection source = projection.getConfigMap();
            configMap(files, source.getName(), source.getItems(), source.getOptional(), mode);
        } else if (projection.getSecret() != null) {
            SecretProjection source = projection.getSecret();
            secret(files, source.getName(), source.getItems(), source.getOptional(), mode);
        } else if (projection.getDownwardAPI() != null) {
            downward(files, projection.getDownwardAPI().getItems(), mode);
        } else if (projection.getServiceAccountToken() != null) {
            room.addToken();
            String token = tokens.of(tenant, fields.pod(), projection.getServiceAccountToken());
            put(files, projection.getServiceAccountToken().getPath(), token.getBytes(StandardCharsets.UTF_8), mode);
        } else {
            throw new VolumeException("a projected source is of a kind that this release does not have");
        }
    }

    private void configMap(Map<String, Content> files, String name, List<KeyToPath> items, @Nullable Boolean optional, int mode) {
        Optional<Map<String, byte[]>> found = objects.configMap(name);
        room.takeTurn(objects.bytes());
        if (found.isPresent()) {
            pick(files, found.get(), items, optional, mode, "configmap references non-existent config key: ");
        } else if (!Boolean.TRUE.equals(optional)) {
            throw new VolumeException("configmap \"" + name + "\" not found");
        }
    }

    private void secret(Map<String, Content> files, String name, List<KeyToPath> items, @Nullable Boolean optional, int mode) {
        Optional<Map<String, byte[]>> found = objects.secret(name);
        room.takeTurn(objects.bytes());
        if (found.isPresent()) {
            pick(files, found.get(), items, optional, mode, "references non-existent secret key: ");
        } else if (!Boolean.TRUE.equals(optional)) {
            throw new VolumeException("secret \"" + name + "\" not found");
        }
    }

    /// @param missing what is said of a key that is not there, in upstream's words (pkg/volume/configmap/configmap.go, pkg/volume/secret/secret.go)
    private void pick(
            Map<String, Content> files, Map<String, byte[]> data, List<KeyToPath> items, @Nullable Boolean optional, int mode, String missing) {
        if (items.isEmpty()) {
            data.forEach((key, bytes) -> put(files, key, bytes, mode));
            return;
        }
        for (KeyToPath item : items) {
            byte[] bytes = data.get(item.getKey());
            if (bytes != null) {
                put(files, item.getPath(), bytes, item.getMode() == null ? mode : item.getMode());
            } else if (!Boolean.TRUE.equals(optional)) {
                throw new VolumeException(missing + item.getKey());
            }
        }
    }

    private void downward(Map<String, Content> files, List<DownwardAPIVolumeFile> items, int mode) {
        for (DownwardAPIVolumeFile item : items) {
            Optional<String> value = item.getFieldRef() != null
                    ? fields.field(item.getFieldRef().getFieldPath())
                    : fields.resource(item.getResourceFieldRef(), null);
            if (value.isEmpty()) {
                throw new VolumeException("the downward API has no field for \"" + item.getPath() + "\"");
            }
            put(files, item.getPath(), value.get().getBytes(StandardCharsets.UTF_8), item.getMode() == null ? mode : item.getMode());
        }
    }

    private void put(Map<String, Content> files, String path, byte[] bytes, int mode) {
        room.add(path, bytes.length);
        files.put(path, new Content(bytes, group == null ? mode : mode | GROUP_MODE));
    }

    private static int mode(@Nullable Integer mode) {
        return mode == null ? DEFAULT_MODE : mode;
    }
}
