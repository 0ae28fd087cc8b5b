package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.SigningRequest;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Which certificates nodes and people get.
class CertificateSigningTest extends RunningControllers {
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
