package io.hypernetes.kubelet;

import java.net.Socket;
import java.net.http.HttpClient;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// The HTTP client of probes and hooks: a redirect is an answer, and any certificate will do, since a probe asks whether the pod
/// lives and not who it is. Nothing secret is ever sent with it.
final class ProbeHttp {
    private ProbeHttp() {}

    static HttpClient client(Executor threads) {
        try {
            SSLContext anyone = SSLContext.getInstance("TLS");
            anyone.init(null, new TrustManager[] {new TrustAnyone()}, null);
            return HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .executor(threads)
                    .sslContext(anyone)
                    .build();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("TLS is not available: " + impossible.getMessage(), impossible);
        }
    }

    /// Extended, since the plain interface would still check the host's name.
    private static final class TrustAnyone extends X509ExtendedTrustManager {
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
