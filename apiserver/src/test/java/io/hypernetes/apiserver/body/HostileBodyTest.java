package io.hypernetes.apiserver.body;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.hypernetes.fuzz.Fuzzer;
import io.hypernetes.objects.ApiException;
import io.kubernetes.client.proto.IntStr.IntOrString;
import io.kubernetes.client.proto.Meta;
import io.kubernetes.client.proto.Resource.Quantity;
import io.kubernetes.client.proto.Runtime;
import io.kubernetes.client.proto.V1;
import io.kubernetes.client.proto.V1Apps;
import io.kubernetes.client.proto.V1Coordination;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Throws mutated bodies at everything that reads them: each is understood or answered with 400.
class HostileBodyTest {
    private static final String PROTOBUF = "application/vnd.kubernetes.protobuf";

    @Test
    void protobufIsReadOrRefused() {
        V1.Pod pod = V1.Pod.newBuilder()
                .setMetadata(Meta.ObjectMeta.newBuilder()
                        .setName("p")
                        .putLabels("a", "b")
                        .setCreationTimestamp(Meta.Time.newBuilder().setSeconds(5))
                        .addManagedFields(Meta.ManagedFieldsEntry.newBuilder()
                                .setManager("m")
                                .setFieldsV1(Meta.FieldsV1.newBuilder().setRaw(ByteString.copyFromUtf8("{\"f:a\":{}}")))))
                .setSpec(V1.PodSpec.newBuilder()
                        .addVolumes(V1.Volume.newBuilder().setName("v").setVolumeSource(V1.VolumeSource.newBuilder()
                                .setEmptyDir(V1.EmptyDirVolumeSource.newBuilder().setSizeLimit(Quantity.newBuilder().setString("1Gi")))))
                        .addContainers(V1.Container.newBuilder()
                                .setName("c")
                                .setLivenessProbe(V1.Probe.newBuilder().setHandler(V1.ProbeHandler.newBuilder()
                                        .setHttpGet(V1.HTTPGetAction.newBuilder()
                                                .setPort(IntOrString.newBuilder().setType(1).setStrVal("web")))))))
                .build();
        V1Coordination.Lease lease = V1Coordination.Lease.newBuilder()
                .setSpec(V1Coordination.LeaseSpec.newBuilder().setRenewTime(Meta.MicroTime.newBuilder().setSeconds(1).setNanos(2000)))
                .build();
        V1Apps.ControllerRevision revision = V1Apps.ControllerRevision.newBuilder()
                .setData(Runtime.RawExtension.newBuilder().setRaw(ByteString.copyFrom(wrap("v1", "Pod", pod.toByteString()))))
                .build();
        V1.Secret secret = V1.Secret.newBuilder().putData("k", ByteString.copyFromUtf8("v")).build();
        Fuzzer.Outcome outcome = new Fuzzer("kubernetes-protobuf", List.of(
                        wrap("v1", "Pod", pod), wrap("coordination.k8s.io/v1", "Lease", lease),
                        wrap("apps/v1", "ControllerRevision", revision), wrap("v1", "Secret", secret)))
                .run(5_000, (input, chance) -> isRead(input, PROTOBUF));
        assertThat(outcome.read()).isPositive();
        assertThat(outcome.refused()).isPositive();
    }

    @Test
    void jsonAndYamlAreReadOrRefused() {
        List<byte[]> seeds = List.of(
                bytes("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\\u00e9\"},\"spec\":[1,-2.5e10,true,null,\"x\"]}"),
                bytes("a: &x [1, 2.5, ~]\nb: *x\nc: |\n  text\n  more\nd: {e: f, \"g\": 'h'}\n? i\n: 0x1f\n"),
                bytes("--- !!map\nkey: !!str 7\n...\n"));
        for (String type : List.of("application/json", "application/yaml")) {
            Fuzzer.Outcome outcome = new Fuzzer("body-" + type.substring(12), seeds).run(5_000, (input, chance) -> isRead(input, type));
            assertThat(outcome.refused()).isPositive();
        }
    }

    @Test
    void envelopesWithinEnvelopesHaveAnEnd() {
        ByteString inner = ByteString.copyFromUtf8("{}");
        for (int depth = 0; depth < 2_000; depth++) {
            inner = ByteString.copyFrom(wrap("apps/v1", "ControllerRevision", V1Apps.ControllerRevision.newBuilder()
                    .setData(Runtime.RawExtension.newBuilder().setRaw(inner))
                    .build()));
            if (depth == 3) {
                assertThat(isRead(inner.toByteArray(), PROTOBUF)).isTrue();
            }
        }
        byte[] bomb = inner.toByteArray();
        assertThatThrownBy(() -> Body.read(bomb, PROTOBUF))
                .isInstanceOfSatisfying(ApiException.class, refusal -> assertThat(refusal.status().code()).isEqualTo(400))
                .hasMessageContaining("deep");
    }

    private static boolean isRead(byte[] input, String type) {
        try {
            Body.read(input, type);
            return true;
        } catch (ApiException refused) {
            assertThat(refused.status().code()).isEqualTo(400);
            return false;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] wrap(String version, String kind, MessageLite message) {
        return wrap(version, kind, message.toByteString());
    }

    private static byte[] wrap(String version, String kind, ByteString message) {
        Runtime.Unknown unknown = Runtime.Unknown.newBuilder()
                .setTypeMeta(Runtime.TypeMeta.newBuilder().setApiVersion(version).setKind(kind))
                .setRaw(message)
                .build();
        return ByteString.copyFrom(new byte[] {'k', '8', 's', 0}).concat(unknown.toByteString()).toByteArray();
    }
}
