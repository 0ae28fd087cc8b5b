package io.hypernetes.kubelet.staticpod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.Labels;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import java.util.Objects;
import java.util.List;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import org.jspecify.annotations.Nullable;

/// Reads one file as a static pod, completed as upstream does: the node's name behind the pod's, a uid that follows from the content, and
/// annotations that say where it comes from.
final class StaticPodFile {
    static final String SOURCE = "kubernetes.io/config.source";
    static final String MIRROR = "kubernetes.io/config.mirror";

    private static final int LARGEST = 1 << 20;

    private StaticPodFile() {}

    /// No API server has looked at them, and whoever sums up what the node's pods ask for meets them.
    private static void checkAmounts(Pod pod) {
        Stream.of(pod.getSpec().getInitContainers(), pod.getSpec().getContainers()).flatMap(List::stream)
                .map(Container::getResources)
                .filter(Objects::nonNull)
                .flatMap(resources -> Stream.of(resources.getRequests(), resources.getLimits()))
                .forEach(StaticPodFile::checkAmounts);
        checkAmounts(pod.getSpec().getOverhead());
        if (pod.getSpec().getResources() != null) {
            checkAmounts(pod.getSpec().getResources().getRequests());
            checkAmounts(pod.getSpec().getResources().getLimits());
        }
    }

    private static void checkAmounts(@Nullable Map<String, Quantity> amounts) {
        if (amounts == null) {
            return;
        }
        amounts.forEach((resource, amount) -> {
            try {
                if (amount == null || amount.getNumericalAmount().signum() < 0) {
                    throw new StaticPodException("an amount of " + resource + " is missing or below zero");
                }
            } catch (ArithmeticException | IllegalArgumentException odd) {
                throw new StaticPodException("the amount \"" + amount + "\" of " + resource + " is none: " + odd.getMessage());
            }
        });
    }

    /// @throws StaticPodException when it is no pod, or none that may be one
    static Pod read(Path file, String nodeName) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LARGEST + 1);
        } catch (IOException unreadable) {
            throw new StaticPodException("it cannot be read: " + unreadable);
        }
        if (bytes.length > LARGEST) {
            throw new StaticPodException("it is larger than 1 MiB");
        }
        Pod pod = parse(bytes);
        if (pod.getSpec() == null || pod.getSpec().getContainers().isEmpty() || pod.getMetadata() == null || pod.getMetadata().getName() == null) {
            throw new StaticPodException("it is no pod with a name and containers");
        }
        boolean foreign = pod.getSpec().getServiceAccountName() != null
                || pod.getSpec().getVolumes().stream().anyMatch(volume -> volume.getEmptyDir() == null && volume.getDownwardAPI() == null)
                || pod.getSpec().getContainers().stream().anyMatch(container -> !container.getEnvFrom().isEmpty()
                        || container.getEnv().stream().anyMatch(each -> each.getValueFrom() != null
                                && (each.getValueFrom().getSecretKeyRef() != null || each.getValueFrom().getConfigMapKeyRef() != null)));
        if (foreign) {
            throw new StaticPodException("a static pod is the node's own: it has no service account, of volumes emptyDir and downwardAPI only, and no variables from objects of the API");
        }
        checkAmounts(pod);
        String uid = hash(bytes, nodeName);
        Map<String, String> annotations = new HashMap<>(pod.getMetadata().getAnnotations() == null ? Map.of() : pod.getMetadata().getAnnotations());
        annotations.put(Labels.CONFIG_HASH, uid);
        annotations.put(SOURCE, "file");
        annotations.put(ObjectKey.TENANT_ANNOTATION, ObjectKey.ROOT);
        Toleration everything = new TolerationBuilder().withOperator("Exists").withEffect("NoExecute").build();
        return pod.edit()
                .editMetadata()
                .withName(pod.getMetadata().getName() + "-" + nodeName)
                .withNamespace(pod.getMetadata().getNamespace() == null ? "default" : pod.getMetadata().getNamespace())
                .withUid(uid)
                .withAnnotations(annotations)
                .endMetadata()
                .editSpec()
                .withNodeName(nodeName)
                .withAutomountServiceAccountToken(false)
                .addToTolerations(everything)
                .endSpec()
                .withStatus(null)
                .build();
    }

    private static Pod parse(byte[] bytes) {
        try {
            // JSON is YAML, too.
            Object tree = new Load(LoadSettings.builder().setMaxAliasesForCollections(50).setCodePointLimit(LARGEST).build())
                    .loadFromInputStream(new ByteArrayInputStream(bytes));
            if (!(tree instanceof Map<?, ?> map) || !"Pod".equals(map.get("kind")) || !"v1".equals(map.get("apiVersion"))) {
                throw new StaticPodException("it holds no object of apiVersion v1 and kind Pod");
            }
            return JsonMapper.shared().readValue(JsonMapper.shared().writeValueAsBytes(tree), Pod.class);
        } catch (YamlEngineException | JacksonException malformed) {
            throw new StaticPodException("it is malformed: " + malformed.getMessage());
        }
    }

    /// In the form of a uid.
    private static String hash(byte[] bytes, String nodeName) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(nodeName.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(bytes), 0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
