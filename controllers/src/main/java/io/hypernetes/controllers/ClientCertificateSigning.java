package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestCondition;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestConditionBuilder;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequestStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.CertificateAuthority;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.identity.Pem;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.SigningRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Signs the client certificates that people of a tenant ask for and one of its approvers has approved (signer
/// `kubernetes.io/kube-apiserver-client`), each with the tenant's own authority: the certificate is one of that tenant whatever it says, and it
/// never makes an administrator.
final class ClientCertificateSigning implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(ClientCertificateSigning.class);
    private static final String SIGNER = "kubernetes.io/kube-apiserver-client";
    private static final Duration LONGEST = Duration.ofDays(365);

    private final Client client;
    private final Function<String, @Nullable CertificateAuthority> authorities;
    private final InstantSource clock;
    private Caches caches;

    /// @param authorities the authority of a tenant, null when there is no such tenant
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    ClientCertificateSigning(Client client, Function<String, @Nullable CertificateAuthority> authorities, InstantSource clock) {
        this.client = client;
        this.authorities = authorities;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "client-certificate-signing";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.signingRequests().handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        CertificateSigningRequest request = caches.signingRequests().get(key).orElse(null);
        if (request == null || !SIGNER.equals(request.getSpec().getSignerName()) || !isApproved(request)) {
            return Optional.empty();
        }
        CertificateAuthority authority = authorities.apply(key.tenant());
        if (authority == null) {
            return Optional.empty();
        }
        try {
            String encoded = request.getSpec().getRequest();
            SigningRequest asked = SigningRequest.parse(Base64.getDecoder().decode(encoded == null ? "" : encoded));
            check(key.tenant(), asked);
            Integer seconds = request.getSpec().getExpirationSeconds();
            Duration wish = seconds == null ? LONGEST : Duration.ofSeconds(seconds);
            CertificateSpec spec = CertificateSpec.client(asked.commonName(), asked.organisations(), wish.compareTo(LONGEST) < 0 ? wish : LONGEST);
            issue(key, Pem.encode(authority.sign(asked, spec)));
            LOG.info("event=certificate-signed tenant={} request={} subject={} signer={}", key.tenant(), key.name(), asked.commonName(), SIGNER);
        } catch (IdentityException | IllegalArgumentException refused) {
            fail(key, String.valueOf(refused.getMessage()));
        }
        return Optional.empty();
    }

    private static void check(String tenant, SigningRequest asked) {
        if (asked.organisations().contains(Principal.ADMINISTRATORS)) {
            throw new IllegalArgumentException("a certificate for the group " + Principal.ADMINISTRATORS + " is not signed; bind the user to the role cluster-admin instead");
        }
        // In the operator's cluster these names are nodes and components, who may do more than any role says.
        boolean reserved = asked.commonName().startsWith("system:") || asked.organisations().stream().anyMatch(group -> group.startsWith("system:"));
        if (tenant.equals(ObjectKey.ROOT) && reserved) {
            throw new IllegalArgumentException("a certificate for a name or group that begins with system: is not signed in the operator's cluster; asked was CN="
                    + asked.commonName() + ", O=" + asked.organisations());
        }
    }

    private void issue(ObjectKey key, String certificate) {
        String encoded = Base64.getEncoder().encodeToString(certificate.getBytes(StandardCharsets.UTF_8));
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(key, "status", current -> {
            if (!isApproved(current)) {
                // Signed or failed meanwhile; the cache did not know yet.
                return null;
            }
            current.getStatus().setCertificate(encoded);
            return current;
        });
    }

    private void fail(ObjectKey key, String why) {
        LOG.warn("event=certificate-failed tenant={} request={} reason=\"{}\"", key.tenant(), key.name(), why);
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        client.of(Kind.CERTIFICATE_SIGNING_REQUEST).change(key, "status", current -> {
            if (!isApproved(current)) {
                return null;
            }
            List<CertificateSigningRequestCondition> conditions = new ArrayList<>(current.getStatus().getConditions());
            conditions.add(new CertificateSigningRequestConditionBuilder()
                    .withType("Failed")
                    .withStatus("True")
                    .withReason("SignerValidationFailure")
                    .withMessage(why)
                    .withLastUpdateTime(now)
                    .withLastTransitionTime(now)
                    .build());
            current.getStatus().setConditions(conditions);
            return current;
        });
    }

    /// Whether it waits for its certificate: approved, neither denied nor failed nor signed.
    private static boolean isApproved(CertificateSigningRequest request) {
        CertificateSigningRequestStatus status = request.getStatus();
        if (status == null || status.getConditions() == null || (status.getCertificate() != null && !status.getCertificate().isEmpty())) {
            return false;
        }
        List<String> types = status.getConditions().stream().map(CertificateSigningRequestCondition::getType).toList();
        return types.contains("Approved") && !types.contains("Denied") && !types.contains("Failed");
    }
}
