package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// What registries may show as certificates. Made when first needed: authorities take a good part of a second to load. Safe for use by many threads.
final class RegistryTrust {
    private record Trust(boolean skipVerify, @Nullable Path caFile) {}

    private final Map<Trust, SSLContext> known = new HashMap<>(); // guarded by itself

    /// For TLS with a registry and with whom it sends on to.
    ///
    /// @throws ImageException when the registry's own authorities cannot be read
    SSLContext context(ImageSettings.Registry registry) {
        synchronized (known) {
            return known.computeIfAbsent(new Trust(registry.skipVerify(), registry.caFile()), RegistryTrust::made);
        }
    }

    private static SSLContext made(Trust trust) {
        Path caFile = trust.caFile();
        try {
            TrustManager[] trusted = trust.skipVerify() ? new TrustManager[] {new Anyone()} : caFile != null ? authorities(caFile) : null;
            return context(trusted);
        } catch (GeneralSecurityException | IOException e) {
            throw new ImageException(ImageException.Reason.UNREACHABLE, "the authorities of a registry in " + caFile
                    + " cannot be read: " + e.getMessage() + "; the file must hold certificates in PEM", e);
        }
    }

    private static SSLContext context(TrustManager @Nullable [] trusted) throws GeneralSecurityException {
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
