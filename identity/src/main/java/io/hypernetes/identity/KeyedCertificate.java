package io.hypernetes.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/// A private key and its certificate with those above it. Immutable. Its text never shows the key.
///
/// @param chain the certificate itself first, then its issuer
public record KeyedCertificate(PrivateKey key, List<X509Certificate> chain) {
    public KeyedCertificate {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("a certificate chain has at least one certificate");
        }
    }

    /// The certificate itself.
    public X509Certificate certificate() {
        return chain.getFirst();
    }

    /// The chain for interfaces that take arrays, such as Netty's.
    public X509Certificate[] chainArray() {
        return chain.toArray(new X509Certificate[0]);
    }

    /// Key and chain in one file of mode 0600, replaced in one step and fsynced.
    public void save(Path file) {
        try {
            SecretFiles.replace(file, Pem.encode(key) + Pem.encode(chain));
        } catch (IOException e) {
            throw new IdentityException("cannot write the key and certificate to " + file + ": " + e.getMessage(), e);
        }
    }

    /// Reads what [#save] wrote.
    ///
    /// @throws IdentityException when the file is missing or broken
    public static KeyedCertificate load(Path file) {
        try {
            String text = Files.readString(file);
            return new KeyedCertificate(Pem.privateKey(text), Pem.certificates(text));
        } catch (IOException e) {
            throw new IdentityException("cannot read the key and certificate from " + file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return "KeyedCertificate[" + certificate().getSubjectX500Principal() + ", until " + certificate().getNotAfter() + "]";
    }
}
