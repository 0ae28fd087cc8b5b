package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.SigningRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControllersTest {
    @TempDir
    Path folder;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final ManualClock clock = new ManualClock(Instant.now());
    private final SecureRandom random = new SecureRandom();
    private CertificateAuthority authority;
    private CertificateAuthority acme;
    private final Informers informers = new Informers(client);
    private Controllers controllers;

    @BeforeEach
    void start() {
        authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", clock, random);
        acme = CertificateAuthority.openOrCreate(folder.resolve("acme"), "acme", clock, random);
        controllers = new Controllers(client, informers, ControllerSettings.ordinary("10.88.0.0/16").withReserved(Set.of("kubernetes", "192.0.2.1")), Map.of("root", authority, "acme", acme)::get, clock).start();
        informers.start();
    }

    @AfterEach
    void stop() {
        controllers.close();
        informers.close();
        client.close();
        api.close();
    }

    private void node(String name, String ready) {
        client.of(Kind.NODE).create("root", new NodeBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().endSpec()
                .withNewStatus()
                .addNewAddress().withType("InternalIP").withAddress("192.0.2.7").endAddress()
                .addNewAddress().withType("Hostname").withAddress("kubernetes.default").endAddress()
                .addToConditions(new NodeConditionBuilder().withType("Ready").withStatus(ready).build())
                .endStatus().build());
    }

    private void beat(String name) {
        ObjectKey key = new ObjectKey("root", "kube-node-lease", name);
        var lease = new LeaseBuilder().withNewMetadata().withNamespace("kube-node-lease").withName(name).endMetadata()
                .withNewSpec().withRenewTime(clock.instant().atZone(ZoneOffset.UTC)).endSpec().build();
        if (client.of(Kind.LEASE).find(key).isPresent()) {
            client.of(Kind.LEASE).update("root", lease);
        } else {
            client.of(Kind.LEASE).create("root", lease);
        }
    }

    private Node read(String name) {
        return client.of(Kind.NODE).get(ObjectKey.root(name));
    }

    private Set<String> taints(String name) {
        return read(name).getSpec().getTaints().stream().map(Taint::getKey).collect(Collectors.toSet());
    }

    @Test
    void nodesGetPartsOfTheClusterCidrOfTheirOwn() {
        node("n1", "True");
        node("n2", "True");
        await().untilAsserted(() -> assertThat(List.of("n1", "n2")).extracting(name -> read(name).getSpec().getPodCIDR())
                .doesNotContainNull().doesNotHaveDuplicates().allMatch(cidr -> cidr.matches("10\\.88\\.\\d+\\.0/24")));
    }

    @Test
    void aNodeThatTakesNoPodsIsTaintedUntilItDoes() {
        node("n1", "True");
        beat("n1");
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().setUnschedulable(true);
            node.getSpec().setTaints(List.of(new Taint("NoSchedule", "own", null, null)));
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).containsExactlyInAnyOrder("own", "node.kubernetes.io/unschedulable"));
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().setUnschedulable(null);
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).containsExactly("own"));
    }

    @Test
    void aSilentNodeIsTaintedAndItsPodsMovedOffAndOneThatIsBackIsNot() {
        node("n1", "True");
        beat("n1");
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("default").withName("p").endMetadata()
                .withNewSpec().withNodeName("n1").withTerminationGracePeriodSeconds(3L).endSpec()
                .withNewStatus().addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build());
        await().untilAsserted(() -> assertThat(read("n1").getSpec().getPodCIDR()).isNotNull());
        assertThat(taints("n1")).isEmpty();

        clock.advance(Duration.ofSeconds(45));
        node("other", "True");
        await().untilAsserted(() -> {
            clock.advance(Duration.ofSeconds(2));
            beat("other");
            client.of(Kind.NODE).patch(ObjectKey.root("n1"), io.hypernetes.client.Patch.merge(java.util.Map.of("metadata", java.util.Map.of("labels", java.util.Map.of("poke", clock.instant().toString().replace(":", "-"))))));
            assertThat(taints("n1")).containsExactly("node.kubernetes.io/unreachable");
            assertThat(read("n1").getStatus().getConditions().getFirst().getStatus()).isEqualTo("Unknown");
            var pod = client.of(Kind.POD).get(new ObjectKey("red", "default", "p"));
            assertThat(pod.getMetadata().getDeletionTimestamp()).isNotNull();
            assertThat(pod.getStatus().getConditions()).anySatisfy(condition -> {
                assertThat(condition.getType()).isEqualTo("Ready");
                assertThat(condition.getStatus()).isEqualTo("False");
            }).anySatisfy(condition -> assertThat(condition.getReason()).isEqualTo("DeletionByTaintManager"));
        });

        beat("n1");
        client.of(Kind.NODE).change(ObjectKey.root("n1"), "status", node -> {
            node.getStatus().getConditions().getFirst().setStatus("True");
            return node;
        });
        await().untilAsserted(() -> assertThat(taints("n1")).isEmpty());
    }

    @Test
    void aTaintThatSaysNotSinceWhenIsToleratedForItsSecondsAndNoLonger() {
        node("n1", "True");
        client.of(Kind.POD).create("red", new PodBuilder().withNewMetadata().withNamespace("default").withName("p").endMetadata()
                .withNewSpec().withNodeName("n1").withTerminationGracePeriodSeconds(3L)
                .addNewToleration().withKey("leave").withOperator("Exists").withEffect("NoExecute").withTolerationSeconds(2L).endToleration()
                .endSpec().build());
        client.of(Kind.NODE).change(ObjectKey.root("n1"), null, node -> {
            node.getSpec().getTaints().add(new Taint("NoExecute", "leave", null, null));
            return node;
        });
        await().untilAsserted(() -> {
            clock.advance(Duration.ofSeconds(1));
            beat("n1");
            client.of(Kind.NODE).patch(ObjectKey.root("n1"), io.hypernetes.client.Patch.merge(java.util.Map.of("metadata", java.util.Map.of("labels", java.util.Map.of("poke", clock.instant().toString().replace(":", "-"))))));
            assertThat(client.of(Kind.POD).get(new ObjectKey("red", "default", "p")).getMetadata().getDeletionTimestamp()).isNotNull();
        });
    }

    @Test
    void oldLeasesOfAMasterThatWasAwayBlameNobody() {
        beat("n1");
        clock.advance(Duration.ofHours(1));
        node("n1", "True");
        await().untilAsserted(() -> assertThat(read("n1").getSpec().getPodCIDR()).isNotNull());
        assertThat(taints("n1")).isEmpty();
    }

    @Test
    void aDeletedNamespaceIsEmptiedAndGoesAndNoOtherTenantIsTouched() {
        for (String tenant : List.of("red", "blue")) {
            client.of(Kind.NAMESPACE).create(tenant, new NamespaceBuilder().withNewMetadata().withName("x").endMetadata()
                    .withNewSpec().withFinalizers("kubernetes").endSpec().build());
            client.of(Kind.CONFIG_MAP).create(tenant, new ConfigMapBuilder().withNewMetadata().withNamespace("x").withName("m").endMetadata().build());
        }
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "x"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "x"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "x", "m"))).isEmpty();
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("blue", "x", "m"))).isPresent();
    }

    /// Such as by a webhook that went with the namespace.
    @Test
    void aNamespaceSaysWhatCannotBeDeletedAndTheRestGoes() {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("z").endMetadata()
                .withNewSpec().withFinalizers("kubernetes").endSpec().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("z").withName("m").endMetadata().build());
        client.of(Kind.SECRET).create("red", new SecretBuilder().withNewMetadata().withNamespace("z").withName("s").endMetadata().build());
        api.failNext("namespaces/z/configmaps", 500, Integer.MAX_VALUE);
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "z"), Deletion.ordinary());
        await().ignoreExceptions().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).get(new ObjectKey("red", "", "z")).getStatus().getConditions())
                .anySatisfy(condition -> {
                    assertThat(condition.getType()).isEqualTo("NamespaceDeletionContentFailure");
                    assertThat(condition.getStatus()).isEqualTo("True");
                    assertThat(condition.getReason()).isEqualTo("ContentDeletionFailed");
                    assertThat(condition.getMessage()).isEqualTo("Failed to delete all resource types, 1 remaining: made to fail");
                }));
        assertThat(client.of(Kind.SECRET).find(new ObjectKey("red", "z", "s"))).isEmpty();
        api.failNext("namespaces/z/configmaps", 500, 0);
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "z"))).isEmpty());
    }

    @Test
    void aDeletedNamespaceLosesItsPodsBeforeAllElse() {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("y").endMetadata()
                .withNewSpec().withFinalizers("kubernetes").endSpec().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("y").withName("m").endMetadata().build());
        client.of(Kind.POD).create("red", new io.fabric8.kubernetes.api.model.PodBuilder().withNewMetadata().withNamespace("y").withName("p").withFinalizers("example.com/held").endMetadata()
                .withNewSpec().addNewContainer().withName("c").withImage("a").endContainer().endSpec().build());
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "y"), Deletion.ordinary());
        await().ignoreExceptions().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).get(new ObjectKey("red", "", "y")).getStatus().getConditions())
                .anySatisfy(condition -> assertThat(condition.getMessage()).isEqualTo("Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances")));
        assertThat(client.of(Kind.POD).get(new ObjectKey("red", "y", "p")).getMetadata().getDeletionTimestamp()).isNotNull();
        assertThat(client.of(Kind.CONFIG_MAP).get(new ObjectKey("red", "y", "m")).getMetadata().getDeletionTimestamp()).isNull();
        client.of(Kind.POD).change(new ObjectKey("red", "y", "p"), null, pod -> {
            pod.getMetadata().setFinalizers(java.util.List.of());
            return pod;
        });
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "y"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "y", "m"))).isEmpty();
    }

    @Test
    void aDeletedTenantIsEmptiedAndGoes() {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion("hypernetes.io/v1");
        tenant.setKind("Tenant");
        tenant.setMetadata(new ObjectMetaBuilder().withName("red").withFinalizers("hypernetes.io/tenant").build());
        client.of(Kind.TENANT).create("root", tenant);
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("x").endMetadata().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("x").withName("m").endMetadata().build());
        // Outside of namespaces: one that somebody has to let go, and one that nobody minds.
        client.of(CLUSTER_ROLE).create("red", clusterRole("held", "example.com/cleanup"));
        client.of(CLUSTER_ROLE).create("red", clusterRole("free"));
        // What might refuse that anything goes: it has no say in that, nor whoever holds it.
        GenericKubernetesResource webhook = clusterRole("webhook", "example.com/held");
        webhook.setApiVersion("admissionregistration.k8s.io/v1");
        webhook.setKind("ValidatingWebhookConfiguration");
        client.of(WEBHOOKS).create("red", webhook);
        api.failNext("namespaces/x/configmaps", 500, Integer.MAX_VALUE);
        client.of(Kind.TENANT).delete(ObjectKey.root("red"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(WEBHOOKS).find(new ObjectKey("red", "", "webhook"))).isEmpty());
        api.failNext("namespaces/x/configmaps", 500, 0);
        await().untilAsserted(() -> assertThat(client.of(CLUSTER_ROLE).get(new ObjectKey("red", "", "held")).getMetadata().getDeletionTimestamp()).isNotNull());
        await().untilAsserted(() -> assertThat(String.valueOf(client.of(Kind.TENANT).get(ObjectKey.root("red")).getAdditionalProperties().get("status")))
                .contains("left: 1 clusterroles.rbac.authorization.k8s.io; held by finalizers: 1 example.com/cleanup"));
        client.of(CLUSTER_ROLE).change(new ObjectKey("red", "", "held"), null, role -> {
            role.getMetadata().setFinalizers(List.of());
            return role;
        });
        await().untilAsserted(() -> assertThat(client.of(Kind.TENANT).find(ObjectKey.root("red"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "x", "m"))).isEmpty();
    }

    private static final Kind<GenericKubernetesResource> WEBHOOKS =
            Kind.generic("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false);

    private static final Kind<GenericKubernetesResource> CLUSTER_ROLE = Kind.generic("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);

    private static GenericKubernetesResource clusterRole(String name, String... finalizers) {
        GenericKubernetesResource role = new GenericKubernetesResource();
        role.setApiVersion("rbac.authorization.k8s.io/v1");
        role.setKind("ClusterRole");
        role.setMetadata(new ObjectMetaBuilder().withName(name).withFinalizers(finalizers).build());
        return role;
    }

    private String ask(String signer, String subject, String user, String group) {
        String pem = SigningRequest.create(CertificateAuthority.newKeyPair(random), subject, List.of("system:nodes"));
        return client.of(Kind.CERTIFICATE_SIGNING_REQUEST).create("root", new CertificateSigningRequestBuilder()
                .withNewMetadata().withGenerateName("csr-").endMetadata()
                .withNewSpec().withSignerName("kubernetes.io/" + signer).withUsername(user).withGroups(group)
                .withRequest(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)))
                .withUsages("digital signature", signer.equals("kubelet-serving") ? "server auth" : "client auth").endSpec().build())
                .getMetadata().getName();
    }

    private CertificateSigningRequestStatus answer(String request) {
        return client.of(Kind.CERTIFICATE_SIGNING_REQUEST).get(ObjectKey.root(request)).getStatus();
    }

    private void refused(String request) {
        await().untilAsserted(() -> {
            assertThat(answer(request)).isNotNull();
            assertThat(answer(request).getConditions()).extracting("type").containsAnyOf("Denied", "Failed").doesNotContain("Approved");
        });
        assertThat(answer(request).getCertificate()).isNull();
    }

    /// A node says its name and addresses itself; whoever trusts the authority must not take it for the API server or for another node.
    @Test
    void aServingCertificateHasNoNameOrAddressOfAnother() throws Exception {
        node("n1", "True");
        client.of(Kind.NODE).create("root", new NodeBuilder()
                .withNewMetadata().withName("kubernetes").endMetadata()
                .withNewSpec().endSpec()
                .withNewStatus()
                .addNewAddress().withType("InternalIP").withAddress("192.0.2.1").endAddress()
                .addNewAddress().withType("InternalIP").withAddress("192.0.2.7").endAddress()
                .addNewAddress().withType("ExternalIP").withAddress("127.0.0.1").endAddress()
                .addNewAddress().withType("ExternalIP").withAddress("169.254.1.1").endAddress()
                .addNewAddress().withType("InternalIP").withAddress("192.0.2.9").endAddress()
                .endStatus().build());
        String serving = ask("kubelet-serving", "system:node:kubernetes", "system:node:kubernetes", "system:nodes");
        await().untilAsserted(() -> {
            assertThat(answer(serving)).isNotNull();
            assertThat(answer(serving).getCertificate()).isNotNull();
        });
        X509Certificate server = Pem.certificates(new String(Base64.getDecoder().decode(answer(serving).getCertificate()))).getFirst();
        assertThat(server.getSubjectAlternativeNames()).extracting(name -> name.get(1).toString()).containsExactly("192.0.2.9");
    }

    @Test
    void podsOfASuspendedTenantAreMarkedUntilItIsResumed() {
        tenant("red", false);
        tenant("blue", false);
        for (String tenant : List.of("red", "blue")) {
            client.of(Kind.POD).create(tenant, new PodBuilder().withNewMetadata().withNamespace("x").withName("p").endMetadata()
                    .withNewSpec().addNewContainer().withName("c").withImage("i").endContainer().endSpec().build());
        }
        suspend("red", true);
        await().untilAsserted(() -> {
            assertThat(marks("red")).isNotNull();
            assertThat(phase("red")).isEqualTo("Suspended");
        });
        assertThat(marks("blue")).isNull();
        suspend("red", false);
        await().untilAsserted(() -> {
            assertThat(marks("red")).isNull();
            assertThat(phase("red")).isEqualTo("Active");
        });
    }

    private void tenant(String name, boolean suspended) {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion(Kind.TENANT.apiVersion());
        tenant.setKind(Kind.TENANT.kind());
        tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
        tenant.setAdditionalProperty("spec", Map.of("suspended", suspended));
        client.of(Kind.TENANT).create("root", tenant);
    }

    private void suspend(String name, boolean suspended) {
        client.of(Kind.TENANT).change(ObjectKey.root(name), null, current -> {
            current.setAdditionalProperty("spec", Map.of("suspended", suspended));
            return current;
        });
    }

    private String phase(String name) {
        return client.of(Kind.TENANT).get(ObjectKey.root(name)).getAdditionalProperties().get("status") instanceof Map<?, ?> status
                ? String.valueOf(status.get("phase"))
                : "";
    }

    private String marks(String tenant) {
        Map<String, String> annotations = client.of(Kind.POD).get(new ObjectKey(tenant, "x", "p")).getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get("hypernetes.io/suspended");
    }

    @Test
    void aNodeThatIsAwayMayJoinAgain() {
        node("n1", "Unknown");
        String joining = ask("kube-apiserver-client-kubelet", "system:node:n1", "system:bootstrap:abc", "system:bootstrappers");
        await().untilAsserted(() -> {
            assertThat(answer(joining)).isNotNull();
            assertThat(answer(joining).getCertificate()).isNotNull();
        });
    }

    @Test
    void nodesGetTheirOwnCertificatesAndNobodyElses() throws Exception {
        node("n1", "True");
        String joining = ask("kube-apiserver-client-kubelet", "system:node:n3", "system:bootstrap:abc", "system:bootstrappers");
        String serving = ask("kubelet-serving", "system:node:n1", "system:node:n1", "system:nodes");
        String renewing = ask("kube-apiserver-client-kubelet", "system:node:n1", "system:node:n1", "system:nodes");
        await().untilAsserted(() -> {
            for (String request : List.of(joining, serving, renewing)) {
                assertThat(answer(request)).isNotNull();
                assertThat(answer(request).getCertificate()).isNotNull();
            }
        });
        X509Certificate server = Pem.certificates(new String(Base64.getDecoder().decode(answer(serving).getCertificate()))).getFirst();
        assertThat(server.getSubjectAlternativeNames()).extracting(name -> name.get(1).toString()).containsExactlyInAnyOrder("n1", "192.0.2.7");
        server.verify(authority.certificate().getPublicKey());
        X509Certificate renewed = Pem.certificates(new String(Base64.getDecoder().decode(answer(renewing).getCertificate()))).getFirst();
        assertThat(renewed.getSubjectX500Principal().getName()).contains("CN=system:node:n1", "O=system:nodes");
        assertThat(renewed.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");

        refused(ask("kube-apiserver-client-kubelet", "system:node:n1", "system:node:n2", "system:nodes"));
        refused(ask("kube-apiserver-client-kubelet", "system:node:n1", "system:bootstrap:abc", "system:bootstrappers"));
        refused(ask("kubelet-serving", "system:node:n1", "system:bootstrap:abc", "system:bootstrappers"));
        refused(ask("kube-apiserver-client-kubelet", "admin", "system:bootstrap:abc", "system:bootstrappers"));
    }

    private CertificateSigningRequestStatus approved(String tenant, String user, String group) {
        String pem = SigningRequest.create(CertificateAuthority.newKeyPair(random), user, List.of(group));
        var made = client.of(Kind.CERTIFICATE_SIGNING_REQUEST).create(tenant, new CertificateSigningRequestBuilder()
                .withNewMetadata().withGenerateName("csr-").endMetadata()
                .withNewSpec().withSignerName("kubernetes.io/kube-apiserver-client").withUsages("client auth")
                .withRequest(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII))).endSpec().build());
        ObjectKey key = new ObjectKey(tenant, "", made.getMetadata().getName());
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(key, "approval", current -> {
            current.setStatus(new io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatusBuilder()
                    .addNewCondition().withType("Approved").withStatus("True").withReason("test").endCondition().build());
            return current;
        });
        await().untilAsserted(() -> {
            var status = client.of(Kind.CERTIFICATE_SIGNING_REQUEST).get(key).getStatus();
            assertThat(status.getCertificate() != null || status.getConditions().size() > 1).isTrue();
        });
        return client.of(Kind.CERTIFICATE_SIGNING_REQUEST).get(key).getStatus();
    }

    @Test
    void peopleGetCertificatesOfTheirTenantAndNoneOfAnAdministrator() throws Exception {
        String text = new String(Base64.getDecoder().decode(approved("acme", "alice", "devs").getCertificate()), StandardCharsets.UTF_8);
        var certificate = io.hypernetes.identity.Pem.certificates(text).getFirst();
        certificate.verify(acme.certificate().getPublicKey());
        assertThat(certificate.getSubjectX500Principal().getName()).contains("CN=alice", "O=devs");
        assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
        assertThat(approved("acme", "alice", "system:masters").getConditions()).extracting("type").contains("Failed");
        assertThat(approved("root", "system:kube-scheduler", "devs").getConditions()).extracting("type").contains("Failed");
    }
}
