package io.hypernetes.kubelet.join;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.SigningRequest;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Asks the API for a certificate for a fresh key and waits until it is signed.
final class SigningConversation {
    static final String CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
    static final String SERVING = "kubernetes.io/kubelet-serving";
    private static final Duration LOOK = Duration.ofMillis(300);

    private final Client client;
    private final String nodeName;
    private final SecureRandom random;
    private final CountDownLatch closed;

    /// @param closed ends the wait
    SigningConversation(Client client, String nodeName, SecureRandom random, CountDownLatch closed) {
        this.client = client;
        this.nodeName = nodeName;
        this.random = random;
        this.closed = closed;
    }

    /// @param authority completes the chain
    /// @throws JoinException when it is refused or nobody signs in time
    KeyedCertificate obtain(String signer, X509Certificate authority, Duration atMost) throws InterruptedException {
        KeyPair pair = CertificateAuthority.newKeyPair(random);
        String pem = SigningRequest.create(pair, Principal.NODE_PREFIX + nodeName, List.of(Principal.NODES));
        byte[] suffix = new byte[5];
        random.nextBytes(suffix);
        String name = "node-csr-" + HexFormat.of().formatHex(suffix);
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).create(ObjectKey.ROOT, new CertificateSigningRequestBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec()
                .withSignerName(signer)
                .withRequest(Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)))
                .withUsages("digital signature", signer.equals(CLIENT) ? "client auth" : "server auth")
                .endSpec()
                .build());
        long until = System.nanoTime() + atMost.toNanos();
        // A node may only get its requests, not watch them, so it asks again.
        while (System.nanoTime() < until) {
            CertificateSigningRequest request = client.of(Kind.CERTIFICATE_SIGNING_REQUEST).get(ObjectKey.root(name));
            CertificateSigningRequestStatus status = request.getStatus() == null ? new CertificateSigningRequestStatus() : request.getStatus();
            status.getConditions().stream()
                    .filter(each -> each.getType().equals("Denied") || each.getType().equals("Failed"))
                    .findFirst()
                    .ifPresent(refused -> {
                        throw new JoinException("the certificate request " + name + " was refused: " + refused.getMessage());
                    });
            if (status.getCertificate() != null && !status.getCertificate().isEmpty()) {
                List<X509Certificate> chain = new ArrayList<>(Pem.certificates(
                        new String(Base64.getDecoder().decode(status.getCertificate()), StandardCharsets.US_ASCII)));
                if (chain.size() == 1) {
                    chain.add(authority);
                }
                return new KeyedCertificate(pair.getPrivate(), chain);
            }
            if (closed.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new JoinException("the wait for certificate request " + name + " was ended");
            }
        }
        throw new JoinException("nobody signed the certificate request " + name + " within " + atMost.toSeconds()
                + " s: is the master's controller running? `kubectl get csr` shows it");
    }
}
