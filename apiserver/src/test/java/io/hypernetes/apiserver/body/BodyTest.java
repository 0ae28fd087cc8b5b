package io.hypernetes.apiserver.body;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.Json;
import io.kubernetes.client.proto.IntStr.IntOrString;
import io.kubernetes.client.proto.Meta;
import io.kubernetes.client.proto.Resource.Quantity;
import io.kubernetes.client.proto.Runtime;
import io.kubernetes.client.proto.V1;
import io.kubernetes.client.proto.V1Apiextensions;
import io.kubernetes.client.proto.V1Coordination;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class BodyTest {
    private static final String PROTOBUF = "application/vnd.kubernetes.protobuf";

    /// Which zeros are in JSON is said by the types of Go, field by field: `lun` of a Fibre Channel disk is a pointer (`pkg/api/core/v1/types.go`),
    /// `partition` of a disk of Amazon's is none; a header's value has no omitempty, the image of a container has it.
    @Test
    void zerosAreKeptWhereJsonKeepsThem() {
        var source = V1.VolumeSource.newBuilder()
                .setFc(V1.FCVolumeSource.newBuilder().setLun(0).setFsType(""))
                .setAwsElasticBlockStore(V1.AWSElasticBlockStoreVolumeSource.newBuilder().setVolumeID("").setPartition(0));
        var pod = V1.Pod.newBuilder()
                .setSpec(V1.PodSpec.newBuilder()
                        .addVolumes(V1.Volume.newBuilder().setName("v").setVolumeSource(source))
                        .addContainers(V1.Container.newBuilder()
                                .setName("c")
                                .setImage("")
                                .setLivenessProbe(V1.Probe.newBuilder()
                                        .setHandler(V1.ProbeHandler.newBuilder()
                                                .setHttpGet(V1.HTTPGetAction.newBuilder()
                                                        .addHttpHeaders(V1.HTTPHeader.newBuilder().setName("X").setValue("")))))))
                .build();
        assertThat(read("v1", "Pod", pod))
                .isEqualTo(Json.readObject(
                        """
                {"apiVersion":"v1","kind":"Pod","spec":{
                    "volumes":[{"name":"v","fc":{"lun":0},"awsElasticBlockStore":{"volumeID":""}}],
                    "containers":[{"name":"c","livenessProbe":{"httpGet":{"httpHeaders":[{"name":"X","value":""}]}}}]}}"""));
    }

    @Test
    void anEvictionMayBeOfTheVersionThatOldClientsSend() {
        var eviction = io.kubernetes.client.proto.V1Policy.Eviction.newBuilder().setMetadata(Meta.ObjectMeta.newBuilder().setName("p")).build();
        assertThat(read("policy/v1beta1", "Eviction", eviction))
                .isEqualTo(Json.readObject("{'apiVersion':'policy/v1beta1','kind':'Eviction','metadata':{'name':'p'}}".replace('\'', '"')));
    }

    @Test
    void protobufBecomesTheJsonOfTheSameClient() {
        var pod = V1.Pod.newBuilder()
                .setMetadata(Meta.ObjectMeta.newBuilder()
                        .setName("p")
                        .setGenerateName("")
                        .setCreationTimestamp(Meta.Time.newBuilder())
                        .putLabels("a", "b"))
                .setSpec(V1.PodSpec.newBuilder()
                        .setTerminationGracePeriodSeconds(0)
                        .setHostNetwork(false)
                        .addVolumes(V1.Volume.newBuilder()
                                .setName("v")
                                .setVolumeSource(V1.VolumeSource.newBuilder()
                                        .setEmptyDir(V1.EmptyDirVolumeSource.newBuilder().setMedium(""))))
                        .addContainers(V1.Container.newBuilder()
                                .setName("c")
                                .setImage("busybox")
                                .setTty(true)
                                .addPorts(V1.ContainerPort.newBuilder().setContainerPort(80).setHostPort(0))
                                .addEnv(V1.EnvVar.newBuilder()
                                        .setName("E")
                                        .setValueFrom(V1.EnvVarSource.newBuilder()
                                                .setSecretKeyRef(V1.SecretKeySelector.newBuilder()
                                                        .setLocalObjectReference(
                                                                V1.LocalObjectReference.newBuilder().setName("s"))
                                                        .setKey("k")
                                                        .setOptional(false))))
                                .setLivenessProbe(V1.Probe.newBuilder()
                                        .setHandler(V1.ProbeHandler.newBuilder()
                                                .setHttpGet(V1.HTTPGetAction.newBuilder()
                                                        .setPort(IntOrString.newBuilder().setType(1).setStrVal("web"))))
                                        .setPeriodSeconds(0))
                                .setResources(V1.ResourceRequirements.newBuilder()
                                        .putLimits("memory", Quantity.newBuilder().setString("64Mi").build()))))
                .build();
        var json = read("v1", "Pod", pod);
        assertThat(Json.print(json.path("spec"))).isEqualTo(
                "{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\",\"image\":\"busybox\","
                        + "\"ports\":[{\"containerPort\":80}],\"env\":[{\"name\":\"E\",\"valueFrom\":{\"secretKeyRef\":"
                        + "{\"name\":\"s\",\"key\":\"k\",\"optional\":false}}}],\"resources\":{\"limits\":{\"memory\":\"64Mi\"}},"
                        + "\"livenessProbe\":{\"httpGet\":{\"port\":\"web\"}},\"tty\":true}],\"terminationGracePeriodSeconds\":0}");
        assertThat(Json.print(json.path("metadata"))).isEqualTo("{\"name\":\"p\",\"labels\":{\"a\":\"b\"}}");
        assertThat(Json.string(json, "kind")).isEqualTo("Pod");
    }

    @Test
    void protobufTimesAndBytesHaveTheirForms() {
        var lease = V1Coordination.Lease.newBuilder()
                .setSpec(V1Coordination.LeaseSpec.newBuilder()
                        .setRenewTime(Meta.MicroTime.newBuilder().setSeconds(1).setNanos(2000)))
                .build();
        assertThat(Json.string(read("coordination.k8s.io/v1", "Lease", lease), "spec", "renewTime"))
                .isEqualTo("1970-01-01T00:00:01.000002Z");
        var secret = V1.Secret.newBuilder().putData("k", ByteString.copyFromUtf8("v")).build();
        assertThat(Json.string(read("v1", "Secret", secret), "data", "k")).isEqualTo("dg==");
        var options = Meta.DeleteOptions.newBuilder().setGracePeriodSeconds(0).build();
        assertThat(Json.number(read("v1", "DeleteOptions", options), -1, "gracePeriodSeconds")).isZero();
    }

    @Test
    void schemasInSchemasComeAsTheyAreWritten() {
        var text = V1Apiextensions.JSONSchemaProps.newBuilder().setType("string").setMinLength(0);
        var schema = V1Apiextensions.JSONSchemaProps.newBuilder()
                .setType("object")
                .setXKubernetesPreserveUnknownFields(true)
                .putProperties("a", text.build())
                .putProperties(
                        "l",
                        V1Apiextensions.JSONSchemaProps.newBuilder()
                                .setType("array")
                                .setItems(V1Apiextensions.JSONSchemaPropsOrArray.newBuilder().setSchema(text))
                                .build())
                .setAdditionalProperties(V1Apiextensions.JSONSchemaPropsOrBool.newBuilder().setAllows(true))
                .addEnum(V1Apiextensions.JSON.newBuilder().setRaw(ByteString.copyFromUtf8("{\"a\":1}")));
        var definition = V1Apiextensions.CustomResourceDefinition.newBuilder()
                .setSpec(V1Apiextensions.CustomResourceDefinitionSpec.newBuilder()
                        .addVersions(V1Apiextensions.CustomResourceDefinitionVersion.newBuilder()
                                .setName("v1")
                                .setServed(true)
                                .setStorage(false)
                                .setSchema(V1Apiextensions.CustomResourceValidation.newBuilder().setOpenAPIV3Schema(schema))))
                .build();
        var version = read("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition).path("spec").path("versions").path(0);
        assertThat(version.path("storage").isBoolean()).isTrue();
        assertThat(Json.readObject(Json.print(version.path("schema").path("openAPIV3Schema"))))
                .isEqualTo(Json.readObject(
                        "{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":0},"
                                + "\"l\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":0}}},\"additionalProperties\":true,"
                                + "\"enum\":[{\"a\":1}]}"));
    }

    @Test
    void hostileProtobufIsRefusedAndNothingElse() {
        var random = new Random(7);
        var good = wrap("v1", "Pod", V1.Pod.newBuilder()
                .setMetadata(Meta.ObjectMeta.newBuilder().setName("p"))
                .setSpec(V1.PodSpec.newBuilder().addContainers(V1.Container.newBuilder().setName("c")))
                .build());
        for (int i = 0; i < 3000; i++) {
            var bytes = good.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                bytes[4 + random.nextInt(bytes.length - 4)] = (byte) random.nextInt();
            }
            try {
                Body.read(bytes, PROTOBUF);
            } catch (ApiException e) {
                assertThat(e.status().code()).isEqualTo(400);
            }
        }
        assertThatThrownBy(() -> Body.read("{}".getBytes(StandardCharsets.UTF_8), PROTOBUF))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("k8s");
    }

    @Test
    void yamlHasTheHabitsOfKubernetes() {
        var body = yaml("a: yes\nb: 'yes'\nc: 1\nd: 1.5\ne: ~\nf: 0x10\ng: [x, 2]\nh: on\ni: 2026-01-01\nh: off\n");
        assertThat(Json.print(body.object())).isEqualTo(
                "{\"a\":true,\"b\":\"yes\",\"c\":1,\"d\":1.5,\"e\":null,\"f\":\"0x10\",\"g\":[\"x\",2],\"h\":false,\"i\":\"2026-01-01\"}");
        assertThat(body.repeats().first()).containsExactly("yaml: unmarshal errors:\n  line 10: key \"h\" already set in map");
    }

    @Test
    void yamlThatExplodesIsRefused() {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 9; i++) {
            bomb.append("a%d: &a%d [".formatted(i, i)).append(("*a" + (i - 1) + ",").repeat(10)).append("]\n");
        }
        assertThatThrownBy(() -> yaml(bomb.toString())).isInstanceOf(ApiException.class);
        assertThatThrownBy(() -> yaml("[".repeat(5000))).isInstanceOf(ApiException.class);
        assertThatThrownBy(() -> yaml("")).isInstanceOf(ApiException.class);
        assertThatThrownBy(() -> yaml("- a")).isInstanceOf(ApiException.class);
    }

    @Test
    void otherMediaTypesAreRefused() {
        assertThatThrownBy(() -> Body.read(new byte[0], "text/html"))
                .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status().code()).isEqualTo(415));
    }

    private static Body yaml(String text) {
        return Body.read(text.getBytes(StandardCharsets.UTF_8), "application/yaml; charset=utf-8");
    }

    private static ObjectNode read(String version, String kind, MessageLite message) {
        return Body.read(wrap(version, kind, message), PROTOBUF).object();
    }

    private static byte[] wrap(String version, String kind, MessageLite message) {
        var unknown = Runtime.Unknown.newBuilder()
                .setTypeMeta(Runtime.TypeMeta.newBuilder().setApiVersion(version).setKind(kind))
                .setRaw(message.toByteString())
                .build();
        return ByteString.copyFrom(new byte[] {'k', '8', 's', 0}).concat(unknown.toByteString()).toByteArray();
    }
}
