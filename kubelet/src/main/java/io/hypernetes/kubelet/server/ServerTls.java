package io.hypernetes.kubelet.server;

import io.hypernetes.identity.KeyedCertificate;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.NamingException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// The TLS side of the kubelet's server: clients must show a certificate of the root authority, and only the API server and operators
/// may ask.
public final class ServerTls {
    /// The common name of the API server's certificate towards kubelets.
    public static final String API_SERVER = "kube-apiserver-kubelet-client";
    private static final String OPERATORS = "system:masters";

    private ServerTls() {}

    /// A context that shows `identity` and trusts clients of `root` alone.
    public static SSLContext context(KeyedCertificate identity, X509Certificate root) {
        try {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, null);
            keys.setKeyEntry("kubelet", identity.key(), new char[0], identity.chainArray());
            KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
            own.init(keys, new char[0]);
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            roots.setCertificateEntry("root", root);
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(roots);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException broken) {
            throw new IllegalStateException("the kubelet's serving certificate cannot be used: " + broken.getMessage(), broken);
        }
    }

    /// Whether the holder of this (verified) certificate may speak to a kubelet. Nodes, for one, may not.
    public static boolean mayAsk(X509Certificate certificate) {
        try {
            List<Rdn> parts = new LdapName(certificate.getSubjectX500Principal().getName()).getRdns();
            return parts.stream().flatMap(part -> attributes(part).stream())
                    .anyMatch(each -> each.equals("CN=" + API_SERVER) || each.equals("O=" + OPERATORS));
        } catch (InvalidNameException malformed) {
            return false;
        }
    }

    private static List<String> attributes(Rdn part) {
        try {
            List<String> found = new java.util.ArrayList<>();
            var all = part.toAttributes().getAll();
            while (all.hasMore()) {
                var attribute = all.next();
                found.add(attribute.getID().toUpperCase(java.util.Locale.ROOT) + "=" + attribute.get());
            }
            return found;
        } catch (NamingException malformed) {
            return List.of();
        }
    }
}
