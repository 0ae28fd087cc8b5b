package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// HTTP clients, one for each way of trusting a registry. Made when first needed: certificates take a good part of a second to
/// load. Safe for use by many threads.
final class RegistryHttp implements AutoCloseable {
    private record Trust(boolean skipVerify, @Nullable Path caFile) {}

    private final Duration connectTimeout;
    private final Map<Trust, HttpClient> clients = new HashMap<>(); // guarded by itself

    RegistryHttp(Duration connectTimeout) {
        this.connectTimeout = connectTimeout;
    }

    /// @throws ImageException when the registry's own authorities cannot be read
    HttpClient client(ImageSettings.Registry registry) {
        synchronized (clients) {
            return clients.computeIfAbsent(new Trust(registry.skipVerify(), registry.caFile()), this::made);
        }
    }

    private HttpClient made(Trust trust) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(connectTimeout)
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(Executors.newVirtualThreadPerTaskExecutor());
        try {
            Path caFile = trust.caFile();
            if (trust.skipVerify()) {
                builder.sslContext(context(new TrustManager[] {new Anyone()}));
            } else if (caFile != null) {
                builder.sslContext(context(authorities(caFile)));
            }
        } catch (GeneralSecurityException | IOException e) {
            throw new ImageException(ImageException.Reason.UNREACHABLE, "the authorities of a registry in " + trust.caFile()
                    + " cannot be read: " + e.getMessage() + "; the file must hold certificates in PEM", e);
        }
        return builder.build();
    }

    private static SSLContext context(TrustManager[] trusted) throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trusted, null);
        return context;
    }

    private static TrustManager[] authorities(Path file) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(file)) {
            int number = 0;
            for (Certificate certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("authority-" + number++, certificate);
            }
            if (number == 0) {
                throw new IOException("it holds no certificate");
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    @Override
    public void close() {
        synchronized (clients) {
            clients.values().forEach(HttpClient::shutdownNow);
            clients.clear();
        }
    }

    /// Takes every certificate, for a registry that the settings say this of. The extended form also leaves out the check of the name.
    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
