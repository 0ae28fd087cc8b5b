package io.hypernetes.kubelet.join;

import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.kubelet.server.ServerTls;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node's certificates, kept fresh: the client certificate is renewed and the serving certificate asked for and renewed when a
/// fifth of their lives is left. Thread-safe.
public final class NodeIdentity implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeIdentity.class);
    private static final Duration SIGNED_WITHIN = Duration.ofMinutes(1);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);
    private static final Duration LONGEST_REST = Duration.ofHours(1);

    private final NodeFolder folder;
    private final String nodeName;
    private final InstantSource clock;
    private final SecureRandom random;
    private final X509Certificate authority;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile KeyedCertificate client;
    private volatile @Nullable KeyedCertificate serving;
    private volatile @Nullable SSLContext servingTls;

    NodeIdentity(NodeFolder folder, String nodeName, InstantSource clock, SecureRandom random) {
        this.folder = folder;
        this.nodeName = nodeName;
        this.clock = clock;
        this.random = random;
        this.authority = folder.authority();
        this.client = folder.client();
        folder.serving().ifPresent(this::serve);
    }

    /// The API server that the node joined.
    public URI server() {
        return folder.server();
    }

    /// The root authority.
    public X509Certificate authority() {
        return authority;
    }

    /// TLS towards the API server, always with the newest client certificate.
    public SSLContext clientTls() {
        try {
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            roots.setCertificateEntry("root", authority);
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(roots);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new CurrentKey(() -> client)}, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException broken) {
            throw new JoinException("the node's client certificate cannot be used: " + broken.getMessage(), broken);
        }
    }

    /// TLS of the kubelet's server. Until the master has signed a serving certificate, asking throws and connections are refused.
    public Supplier<SSLContext> servingTls() {
        return () -> {
            SSLContext current = servingTls;
            if (current == null) {
                throw new JoinException("the kubelet has no serving certificate yet: the master has not signed one");
            }
            return current;
        };
    }

    /// Begins to obtain and renew, through a client that speaks as this node. The serving certificate comes once the Node exists.
    public NodeIdentity start(Client api) {
        Thread.ofVirtual().name("node-certificates").start(() -> keepFresh(api));
        return this;
    }

    @Override
    public void close() {
        closed.countDown();
    }

    private void keepFresh(Client api) {
        Duration retry = FIRST_RETRY;
        try {
            while (closed.getCount() > 0) {
                Duration rest;
                try {
                    renew(api);
                    retry = FIRST_RETRY;
                    rest = untilDue();
                } catch (ApiException | JoinException | IllegalArgumentException refused) {
                    LOG.warn("event=certificate-waits node={} retrySeconds={} reason=\"{}\"", nodeName, retry.toSeconds(), refused.getMessage());
                    rest = retry;
                    retry = retry.multipliedBy(2).compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : retry.multipliedBy(2);
                } catch (RuntimeException fault) {
                    LOG.error("event=certificate-fault node={}", nodeName, fault);
                    rest = LONGEST_RETRY;
                }
                closed.await(rest.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void renew(Client api) throws InterruptedException {
        SigningConversation conversation = new SigningConversation(api, nodeName, random, closed);
        if (isDue(client)) {
            KeyedCertificate fresh = conversation.obtain(SigningConversation.CLIENT, authority, SIGNED_WITHIN);
            folder.keepClient(fresh);
            client = fresh;
            LOG.info("event=client-certificate-renewed node={} until={}", nodeName, fresh.certificate().getNotAfter().toInstant());
        }
        KeyedCertificate known = serving;
        if (known == null || isDue(known)) {
            KeyedCertificate fresh = conversation.obtain(SigningConversation.SERVING, authority, SIGNED_WITHIN);
            folder.keepServing(fresh);
            serve(fresh);
            LOG.info("event=serving-certificate-obtained node={} until={}", nodeName, fresh.certificate().getNotAfter().toInstant());
        }
    }

    private void serve(KeyedCertificate certificate) {
        servingTls = ServerTls.context(certificate, authority);
        serving = certificate;
    }

    private boolean isDue(KeyedCertificate certificate) {
        return !clock.instant().isBefore(due(certificate));
    }

    private static Instant due(KeyedCertificate certificate) {
        Instant begin = certificate.certificate().getNotBefore().toInstant();
        Instant end = certificate.certificate().getNotAfter().toInstant();
        return end.minus(Duration.between(begin, end).dividedBy(5));
    }

    private Duration untilDue() {
        KeyedCertificate second = serving;
        Instant next = second == null || due(client).isBefore(due(second)) ? due(client) : due(second);
        Duration rest = Duration.between(clock.instant(), next);
        return rest.compareTo(LONGEST_REST) > 0 ? LONGEST_REST : rest.compareTo(FIRST_RETRY) < 0 ? FIRST_RETRY : rest;
    }
}
