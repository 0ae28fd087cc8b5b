package io.hypernetes.kubelet.join;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.SigningRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Signs what a node asks for, as the master does, or refuses when it is to.
final class Signer implements Informer.Handler<CertificateSigningRequest>, AutoCloseable {
    /// Why the next ones are refused.
    final Queue<String> refusals = new ConcurrentLinkedQueue<>();
    private final Client client;
    private final CertificateAuthority authority;
    private final String node;
    private final Duration validity;
    private final Informer<CertificateSigningRequest> requests;

    Signer(Client client, CertificateAuthority authority, String node, Duration validity) {
        this.client = client;
        this.authority = authority;
        this.node = node;
        this.validity = validity;
        this.requests = new Informer<>(client, Kind.CERTIFICATE_SIGNING_REQUEST, Scope.tenant(ObjectKey.ROOT), Selection.everything()).handler(this);
        requests.start();
    }

    static CertificateSpec spec(String node, String purpose, Duration validity) {
        var usage = purpose.equals(SigningConversation.CLIENT) ? CertificateSpec.Usage.CLIENT : CertificateSpec.Usage.SERVER;
        return new CertificateSpec("system:node:" + node, List.of("system:nodes"), "", List.of(node), List.of(), Set.of(usage), validity);
    }

    @Override
    public void added(CertificateSigningRequest request) {
        var asked = SigningRequest.parse(Base64.getDecoder().decode(request.getSpec().getRequest()));
        assertThat(asked.commonName()).isEqualTo("system:node:" + node);
        assertThat(asked.organisations()).containsExactly("system:nodes");
        String why = refusals.poll();
        String signed = Pem.encode(authority.sign(asked, spec(node, request.getSpec().getSignerName(), validity)));
        CertificateSigningRequestStatus status = why == null
                ? new CertificateSigningRequestStatusBuilder().withCertificate(Base64.getEncoder().encodeToString(signed.getBytes(StandardCharsets.US_ASCII))).build()
                : new CertificateSigningRequestStatusBuilder().addNewCondition().withType("Denied").withStatus("True").withMessage(why).endCondition().build();
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(ObjectKey.of(request), why == null ? "status" : "approval", current -> {
            current.setStatus(status);
            return current;
        });
    }

    @Override
    public void updated(CertificateSigningRequest before, CertificateSigningRequest now) {}

    @Override
    public void deleted(CertificateSigningRequest last) {}

    @Override
    public void close() {
        requests.close();
    }
}
