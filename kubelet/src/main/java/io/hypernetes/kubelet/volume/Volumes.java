package io.hypernetes.kubelet.volume;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapProjection;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeSource;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.ProjectedVolumeSource;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretProjection;
import io.fabric8.kubernetes.api.model.SecretVolumeSource;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.hypernetes.kubelet.volume.AtomicFolder.Content;
import io.hypernetes.kubelet.volume.Sources.TokenRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The volumes of pods as folders on this host, below `PODS/UID/volumes/`, in the layout that CRI runtimes know.
///
/// Content from the API is written by [#prepare] and again whenever it is called; only a change touches the files. A volume of a kind that
/// this release lacks is refused with a message, never ignored.
public final class Volumes {
    private static final int DEFAULT_MODE = 0644;
    private static final long TOKEN_SECONDS = 3600;
    private static final long LONGEST_TOKEN_SECONDS = 24 * 3600;

    private record Token(String text, long renewAtSecond) {}

    private final Path pods;
    private final Sources sources;
    private final InstantSource clock;
    private final Map<String, Token> tokens = new java.util.concurrent.ConcurrentHashMap<>();

    public Volumes(Path pods, Sources sources, InstantSource clock) {
        this.pods = pods;
        this.sources = sources;
        this.clock = clock;
    }

    /// The pod's own folder.
    public Path folder(String podUid) {
        return pods.resolve(podUid);
    }

    /// Where a volume lies, whether prepared or not. Of one that has a disk of its own only the name is there.
    public Path path(String podUid, Volume volume) {
        String plugin = isDisk(volume) ? "hypernetes.io~disk" : "kubernetes.io~" + plugin(volume);
        return folder(podUid).resolve("volumes").resolve(plugin).resolve(PathPart.of(volume.getName()));
    }

    private static boolean isDisk(Volume volume) {
        return volume.getPersistentVolumeClaim() != null || volume.getEphemeral() != null;
    }

    /// Writes every volume of the pod.
    ///
    /// @throws VolumeException naming the first volume that cannot be made now
    public void prepare(String tenant, PodFields fields) {
        Pod pod = fields.pod();
        for (Volume volume : pod.getSpec().getVolumes()) {
            Path path = path(pod.getMetadata().getUid(), volume);
            try {
                if (volume.getEmptyDir() != null || isDisk(volume)) {
                    Files.createDirectories(path);
                } else {
                    AtomicFolder.write(path, readable(content(tenant, fields, volume), group(pod)), Long.toString(System.nanoTime(), 36) + clock.millis(), group(pod));
                }
            } catch (IOException broken) {
                throw new VolumeException("volume \"" + volume.getName() + "\": writing " + path + " failed: " + broken, broken);
            } catch (VolumeException failure) {
                throw new VolumeException("MountVolume.SetUp failed for volume \"" + volume.getName() + "\" : " + failure.getMessage(), failure);
            }
        }
    }

    /// True when every volume of the pod has been prepared before.
    public boolean present(Pod pod) {
        return pod.getSpec().getVolumes().stream().allMatch(volume -> Files.isDirectory(path(pod.getMetadata().getUid(), volume)));
    }

    /// Removes everything of the pod on this host.
    public void remove(String podUid) {
        tokens.keySet().removeIf(key -> key.startsWith(podUid + "/"));
        try {
            AtomicFolder.remove(folder(podUid));
        } catch (IOException broken) {
            throw new VolumeException("removing " + folder(podUid) + " failed: " + broken, broken);
        }
    }

    private static String plugin(Volume volume) {
        if (volume.getEmptyDir() != null) {
            return "empty-dir";
        }
        if (volume.getConfigMap() != null) {
            return "configmap";
        }
        if (volume.getSecret() != null) {
            return "secret";
        }
        if (volume.getDownwardAPI() != null) {
            return "downward-api";
        }
        if (volume.getProjected() != null) {
            return "projected";
        }
        throw new VolumeException("volume \"" + volume.getName() + "\" is of a kind that this release does not have: "
                + "it has emptyDir, configMap, secret, downwardAPI, projected, persistentVolumeClaim and ephemeral volumes");
    }

    private Map<String, Content> content(String tenant, PodFields fields, Volume volume) {
        String namespace = fields.pod().getMetadata().getNamespace();
        Map<String, Content> files = new TreeMap<>();
        if (volume.getConfigMap() != null) {
            ConfigMapVolumeSource source = volume.getConfigMap();
            configMap(files, tenant, namespace, source.getName(), source.getItems(), source.getOptional(), mode(source.getDefaultMode()));
        } else if (volume.getSecret() != null) {
            SecretVolumeSource source = volume.getSecret();
            secret(files, tenant, namespace, source.getSecretName(), source.getItems(), source.getOptional(), mode(source.getDefaultMode()));
        } else if (volume.getDownwardAPI() != null) {
            DownwardAPIVolumeSource source = volume.getDownwardAPI();
            downward(files, fields, source.getItems(), mode(source.getDefaultMode()));
        } else {
            ProjectedVolumeSource source = volume.getProjected();
            for (VolumeProjection projection : source.getSources()) {
                project(files, tenant, namespace, fields, projection, mode(source.getDefaultMode()));
            }
        }
        return files;
    }

    private void project(
            Map<String, Content> files, String tenant, String namespace, PodFields fields, VolumeProjection projection, int mode) {
        if (projection.getConfigMap() != null) {
            ConfigMapProjection source = projection.getConfigMap();
            configMap(files, tenant, namespace, source.getName(), source.getItems(), source.getOptional(), mode);
        } else if (projection.getSecret() != null) {
            SecretProjection source = projection.getSecret();
            secret(files, tenant, namespace, source.getName(), source.getItems(), source.getOptional(), mode);
        } else if (projection.getDownwardAPI() != null) {
            downward(files, fields, projection.getDownwardAPI().getItems(), mode);
        } else if (projection.getServiceAccountToken() != null) {
            ServiceAccountTokenProjection source = projection.getServiceAccountToken();
            files.put(source.getPath(), new Content(token(tenant, namespace, fields.pod(), source).getBytes(StandardCharsets.UTF_8), mode));
        } else {
            throw new VolumeException("a projected source is of a kind that this release does not have");
        }
    }

    private void configMap(
            Map<String, Content> files, String tenant, String namespace, String name, List<KeyToPath> items, @Nullable Boolean optional, int mode) {
        Optional<ConfigMap> found = sources.configMap(tenant, namespace, name);
        if (found.isEmpty()) {
            if (!Boolean.TRUE.equals(optional)) {
                throw new VolumeException("configmap \"" + name + "\" not found");
            }
            return;
        }
        Map<String, byte[]> data = new HashMap<>();
        found.get().getData().forEach((key, text) -> data.put(key, text.getBytes(StandardCharsets.UTF_8)));
        found.get().getBinaryData().forEach((key, text) -> data.put(key, Base64.getDecoder().decode(text)));
        pick(files, data, items, optional, mode, "configmap references non-existent config key: ");
    }

    private void secret(
            Map<String, Content> files, String tenant, String namespace, String name, List<KeyToPath> items, @Nullable Boolean optional, int mode) {
        Optional<Secret> found = sources.secret(tenant, namespace, name);
        if (found.isEmpty()) {
            if (!Boolean.TRUE.equals(optional)) {
                throw new VolumeException("secret \"" + name + "\" not found");
            }
            return;
        }
        Map<String, byte[]> data = new HashMap<>();
        found.get().getData().forEach((key, text) -> data.put(key, Base64.getDecoder().decode(text)));
        pick(files, data, items, optional, mode, "references non-existent secret key: ");
    }

    /// @param missing what is said of a key that is not there, in upstream's words (pkg/volume/configmap/configmap.go, pkg/volume/secret/secret.go)
    private static void pick(
            Map<String, Content> files, Map<String, byte[]> data, List<KeyToPath> items, @Nullable Boolean optional, int mode, String missing) {
        if (items.isEmpty()) {
            data.forEach((key, bytes) -> files.put(key, new Content(bytes, mode)));
            return;
        }
        for (KeyToPath item : items) {
            byte[] bytes = data.get(item.getKey());
            if (bytes != null) {
                files.put(item.getPath(), new Content(bytes, item.getMode() == null ? mode : item.getMode()));
            } else if (!Boolean.TRUE.equals(optional)) {
                throw new VolumeException(missing + item.getKey());
            }
        }
    }

    private static void downward(Map<String, Content> files, PodFields fields, List<DownwardAPIVolumeFile> items, int mode) {
        for (DownwardAPIVolumeFile item : items) {
            Optional<String> value = item.getFieldRef() != null
                    ? fields.field(item.getFieldRef().getFieldPath())
                    : fields.resource(item.getResourceFieldRef(), null);
            if (value.isEmpty()) {
                throw new VolumeException("the downward API has no field for \"" + item.getPath() + "\"");
            }
            files.put(item.getPath(), new Content(value.get().getBytes(StandardCharsets.UTF_8), item.getMode() == null ? mode : item.getMode()));
        }
    }

    private String token(String tenant, String namespace, Pod pod, ServiceAccountTokenProjection source) {
        String uid = pod.getMetadata().getUid();
        String audience = source.getAudience() == null ? "" : source.getAudience();
        String account = pod.getSpec().getServiceAccountName() == null ? "default" : pod.getSpec().getServiceAccountName();
        long seconds = source.getExpirationSeconds() == null ? TOKEN_SECONDS : source.getExpirationSeconds();
        String key = uid + "/" + audience + "/" + seconds;
        long now = clock.instant().getEpochSecond();
        Token known = tokens.get(key);
        if (known != null && now < known.renewAtSecond) {
            return known.text;
        }
        String text = sources.token(new TokenRequest(tenant, namespace, account, pod.getMetadata().getName(), uid, audience, seconds));
        // Renewed at four fifths of its life and once a day at least, as long as anyone looks.
        tokens.put(key, new Token(text, now + Math.min(seconds * 4 / 5, LONGEST_TOKEN_SECONDS)));
        return text;
    }

    private static @Nullable Integer group(Pod pod) {
        PodSecurityContext context = pod.getSpec().getSecurityContext();
        return context == null || context.getFsGroup() == null ? null : (int) (long) context.getFsGroup();
    }

    /// A group that the files are given to may read them, whatever their modes say.
    private static Map<String, Content> readable(Map<String, Content> files, @Nullable Integer group) {
        if (group != null) {
            files.replaceAll((path, content) -> new Content(content.bytes(), content.mode() | 0440));
        }
        return files;
    }

    private static int mode(@Nullable Integer mode) {
        return mode == null ? DEFAULT_MODE : mode;
    }
}
