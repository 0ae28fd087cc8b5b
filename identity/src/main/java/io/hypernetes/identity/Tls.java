package io.hypernetes.identity;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// TLS contexts for both ends.
public final class Tls {
    private Tls() {}

    /// A server's context: shows `identity`; a client certificate is asked for by setting `wantClientAuth` (or Netty's
    /// `ClientAuth.OPTIONAL`) and judged by [CertificateAuthenticator], not in the handshake.
    public static SSLContext server(KeyedCertificate identity) {
        return context(keyManagers(identity), new TrustManager[] {anyClient()});
    }

    /// A client's context: trusts what `authority` signed and shows `identity` when it is not null.
    public static SSLContext client(X509Certificate authority, @Nullable KeyedCertificate identity) {
        return context(identity == null ? new KeyManager[0] : keyManagers(identity), trustManagers(List.of(authority)));
    }

    /// A client's context that shows nothing and trusts what the authorities in `pem` signed.
    ///
    /// @throws IdentityException when the text holds no certificate
    public static SSLContext trusting(String pem) {
        List<X509Certificate> authorities = Pem.certificates(pem);
        if (authorities.isEmpty()) {
            throw new IdentityException("there is no certificate in what should hold those of authorities");
        }
        return context(new KeyManager[0], trustManagers(authorities));
    }

    /// The trust manager of a server: lets any client certificate through the handshake and names no acceptable
    /// authority, so that a client learns nothing about who the tenants are. Whoever uses it must give every peer
    /// certificate to a [CertificateAuthenticator]. It trusts no server at all.
    public static X509ExtendedTrustManager anyClient() {
        return new AnyClient();
    }

    /// The certificates that a server presents, trusting none of them: the first step of joining.
    ///
    /// @throws IOException when it cannot be reached in time
    public static List<X509Certificate> presentedBy(URI server, Duration timeout) throws IOException {
        SSLContext context = context(new KeyManager[0], new TrustManager[] {new AnyServer()});
        int millis = Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
        int port = server.getPort() < 0 ? 443 : server.getPort();
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(server.getHost(), port), millis);
            plain.setSoTimeout(millis);
            try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, server.getHost(), port, true)) {
                socket.startHandshake();
                List<X509Certificate> presented = new ArrayList<>();
                for (Certificate certificate : socket.getSession().getPeerCertificates()) {
                    presented.add((X509Certificate) certificate);
                }
                return List.copyOf(presented);
            }
        }
    }

    private static SSLContext context(KeyManager[] keys, TrustManager[] trust) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new IdentityException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    private static KeyManager[] keyManagers(KeyedCertificate identity) {
        return new KeyManager[] {new OwnIdentity(identity)};
    }

    private static TrustManager[] trustManagers(List<X509Certificate> authorities) {
        try {
            KeyStore store = emptyStore();
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("authority" + i, authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw new IdentityException(
                    "cannot trust " + authorities.getFirst().getSubjectX500Principal() + " for TLS: " + e.getMessage(), e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static class AnyClient extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            throw new CertificateException("this trust manager is for servers only");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
            checkServerTrusted(chain, authType);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
            checkServerTrusted(chain, authType);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /// Only to look at what a server shows; nothing is sent over such a connection.
    private static final class AnyServer extends AnyClient {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}
    }
}
