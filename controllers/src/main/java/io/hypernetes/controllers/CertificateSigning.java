package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestConditionBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.SigningRequest;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Approves and signs what nodes ask for: the client certificate of a kubelet (asked for with a bootstrap token, or by the node
/// itself for renewal) and its serving certificate (by the node itself only). What goes into a certificate is decided here from who asked
/// and what the Node says, never taken from the request. Requests of other signers wait for a person. An hour after it was made any request goes.
final class CertificateSigning implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(CertificateSigning.class);
    private static final String KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
    private static final String KUBELET_SERVING = "kubernetes.io/kubelet-serving";
    private static final String BOOTSTRAPPERS = "system:bootstrappers";
    private static final Duration VALIDITY = Duration.ofDays(365);
    private static final Duration KEPT = Duration.ofHours(1);

    private final Client client;
    private final CertificateAuthority authority;
    private final Set<String> reserved;
    private final InstantSource clock;
    private Caches caches;

    /// @param reserved names and addresses of the API server
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    CertificateSigning(Client client, CertificateAuthority authority, Set<String> reserved, InstantSource clock) {
        this.reserved = reserved;
        this.client = client;
        this.authority = authority;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "certificate-signing";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.signingRequests().handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        CertificateSigningRequest request = caches.signingRequests().get(key).orElse(null);
        if (request == null) {
            return Optional.empty();
        }
        Instant expires = Instant.parse(request.getMetadata().getCreationTimestamp()).plus(KEPT);
        if (clock.instant().isAfter(expires)) {
            client.of(Kind.CERTIFICATE_SIGNING_REQUEST).delete(key, Deletion.ordinary());
            return Optional.empty();
        }
        // There are no kubelets in other tenants than root, whatever is asked there.
        if (key.tenant().equals(ObjectKey.ROOT) && !isDone(request)) {
            CertificateSpec spec;
            try {
                spec = wanted(request);
            } catch (IdentityException | IllegalArgumentException refused) {
                LOG.warn("event=certificate-denied request={} user={} reason=\"{}\"", key.name(), request.getSpec().getUsername(), refused.getMessage());
                condition(key, "Denied", "Refused", String.valueOf(refused.getMessage()));
                return Optional.of(KEPT);
            }
            if (spec != null) {
                sign(key, request, spec);
            } else if (isKubeletSigner(request)) {
                // The Node is not there yet, or says nothing of its addresses so far.
                return Optional.of(Duration.ofSeconds(1));
            }
        }
        return Optional.of(Duration.between(clock.instant(), expires).plusSeconds(1));
    }

    private static boolean isKubeletSigner(CertificateSigningRequest request) {
        return KUBELET_CLIENT.equals(request.getSpec().getSignerName()) || KUBELET_SERVING.equals(request.getSpec().getSignerName());
    }

    private static boolean isDone(CertificateSigningRequest request) {
        CertificateSigningRequestStatus status = request.getStatus();
        return status != null
                && (has(status.getCertificate()) || conditions(request).stream().anyMatch(condition -> "Denied".equals(condition.getType()) || "Failed".equals(condition.getType())));
    }

    /// What the certificate is to say; null when that cannot be known yet or is not ours to decide.
    ///
    /// @throws IllegalArgumentException when the request must be refused
    private @Nullable CertificateSpec wanted(CertificateSigningRequest request) {
        SigningRequest asked = read(request);
        String user = request.getSpec().getUsername() == null ? "" : request.getSpec().getUsername();
        List<String> groups = request.getSpec().getGroups() == null ? List.of() : request.getSpec().getGroups();
        String signer = request.getSpec().getSignerName();
        if (!KUBELET_CLIENT.equals(signer) && !KUBELET_SERVING.equals(signer)) {
            return null;
        }
        if (!asked.commonName().startsWith(Principal.NODE_PREFIX) || !asked.organisations().equals(List.of(Principal.NODES))) {
            throw new IllegalArgumentException("a kubelet's certificate is for CN=system:node:NAME, O=system:nodes; asked was CN=" + asked.commonName() + ", O=" + asked.organisations());
        }
        boolean itself = user.equals(asked.commonName()) && groups.contains(Principal.NODES);
        if (KUBELET_CLIENT.equals(signer)) {
            if (!itself && !groups.contains(BOOTSTRAPPERS)) {
                throw new IllegalArgumentException("user " + user + " may not ask for the certificate of " + asked.commonName());
            }
            if (!itself) {
                refuseTheNameOfALivingNode(asked.commonName().substring(Principal.NODE_PREFIX.length()));
            }
            return CertificateSpec.client(asked.commonName(), List.of(Principal.NODES), VALIDITY);
        }
        if (!itself) {
            throw new IllegalArgumentException("a serving certificate is only for the node itself, not for user " + user);
        }
        return serving(asked.commonName());
    }

    /// A bootstrap token may be in many hands: it lets a machine join, or join again after it lost its key, but not be a node that works.
    private void refuseTheNameOfALivingNode(String name) {
        boolean ready = caches.nodes().get(ObjectKey.root(name)).map(Node::getStatus).map(NodeStatus::getConditions).orElse(List.of()).stream()
                .anyMatch(condition -> "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
        if (ready) {
            throw new IllegalArgumentException("node " + name + " is in the cluster and Ready, and a bootstrap token cannot take its place;"
                    + " join under another name, or delete the Node first: kubectl delete node " + name);
        }
    }

    private @Nullable CertificateSpec serving(String user) {
        String name = user.substring(Principal.NODE_PREFIX.length());
        Node node = caches.nodes().get(ObjectKey.root(name)).orElse(null);
        if (node == null || node.getStatus() == null || node.getStatus().getAddresses() == null || node.getStatus().getAddresses().isEmpty()) {
            return null;
        }
        // Of the names it says it has only the one it was let in under: another could be that of another node or of the API server.
        List<String> names = reserved.contains(name) ? List.of() : List.of(name);
        List<InetAddress> addresses = new ArrayList<>();
        for (NodeAddress address : node.getStatus().getAddresses()) {
            if ("InternalIP".equals(address.getType()) || "ExternalIP".equals(address.getType())) {
                try {
                    InetAddress said = InetAddress.ofLiteral(address.getAddress());
                    if (isItsAlone(name, said)) {
                        addresses.add(said);
                    }
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("node " + name + " has an address that is none: " + address.getAddress(), e);
                }
            }
        }
        return new CertificateSpec(user, List.of(Principal.NODES), "", names, addresses, Set.of(CertificateSpec.Usage.SERVER), VALIDITY);
    }

    /// A node says itself what addresses it has. One that the API server or another node has too, or every machine has, is left out: whoever trusts
    /// the authority would take the node for the other. The API server knows a node by the name of its certificate's subject and needs no address.
    private boolean isItsAlone(String name, InetAddress address) {
        if (address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress() || address.isMulticastAddress()
                || reserved.contains(address.getHostAddress())) {
            return false;
        }
        return caches.nodes().list().stream()
                .filter(other -> !other.getMetadata().getName().equals(name) && other.getStatus() != null && other.getStatus().getAddresses() != null)
                .flatMap(other -> other.getStatus().getAddresses().stream())
                .noneMatch(other -> address.getHostAddress().equals(other.getAddress()));
    }

    private void sign(ObjectKey key, CertificateSigningRequest request, CertificateSpec spec) {
        condition(key, "Approved", "AutoApproved", "Approved by Hypernetes: the request of a kubelet for itself.");
        String certificate = Pem.encode(authority.sign(read(request), spec));
        String encoded = Base64.getEncoder().encodeToString(certificate.getBytes(StandardCharsets.UTF_8));
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(key, "status", current -> {
            CertificateSigningRequestStatus status = current.getStatus() == null ? new CertificateSigningRequestStatus() : current.getStatus();
            if (has(status.getCertificate())) {
                // Signed already; only the cache did not know yet. Its owner may have taken it.
                return null;
            }
            status.setCertificate(encoded);
            current.setStatus(status);
            return current;
        });
        LOG.info("event=certificate-signed request={} subject={} signer={}", key.name(), spec.commonName(), request.getSpec().getSignerName());
    }

    private void condition(ObjectKey key, String type, String reason, String message) {
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(key, "approval", current -> {
            if (conditions(current).stream().anyMatch(condition -> type.equals(condition.getType()))) {
                return null;
            }
            CertificateSigningRequestStatus status = current.getStatus() == null ? new CertificateSigningRequestStatus() : current.getStatus();
            List<CertificateSigningRequestCondition> conditions = new ArrayList<>(conditions(current));
            conditions.add(new CertificateSigningRequestConditionBuilder()
                    .withType(type)
                    .withStatus("True")
                    .withReason(reason)
                    .withMessage(message)
                    .withLastUpdateTime(now)
                    .withLastTransitionTime(now)
                    .build());
            status.setConditions(conditions);
            current.setStatus(status);
            return current;
        });
    }

    private static SigningRequest read(CertificateSigningRequest request) {
        String encoded = request.getSpec().getRequest();
        return SigningRequest.parse(Base64.getDecoder().decode(encoded == null ? "" : encoded));
    }

    private static List<CertificateSigningRequestCondition> conditions(CertificateSigningRequest request) {
        return request.getStatus() == null || request.getStatus().getConditions() == null ? List.of() : request.getStatus().getConditions();
    }

    private static boolean has(@Nullable String text) {
        return text != null && !text.isEmpty();
    }
}
