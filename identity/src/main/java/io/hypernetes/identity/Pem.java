package io.hypernetes.identity;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Keys and certificates as PEM text. Reading is bounded to 1 MiB of text.
public final class Pem {
    private static final int MAX_CHARS = 1 << 20;
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String KEY = "PRIVATE KEY";

    private Pem() {}

    /// One certificate.
    public static String encode(X509Certificate certificate) {
        try {
            return block(CERTIFICATE, certificate.getEncoded());
        } catch (CertificateException e) {
            throw new IdentityException("cannot encode the certificate of " + certificate.getSubjectX500Principal(), e);
        }
    }

    /// Several certificates, one after the other.
    public static String encode(List<X509Certificate> chain) {
        StringBuilder out = new StringBuilder();
        chain.forEach(c -> out.append(encode(c)));
        return out.toString();
    }

    /// A private key as unencrypted PKCS#8.
    public static String encode(PrivateKey key) {
        return block(KEY, key.getEncoded());
    }

    /// Every certificate in the text; other blocks are passed over.
    ///
    /// @throws IdentityException when there is none or one is broken
    public static List<X509Certificate> certificates(String text) {
        List<X509Certificate> found = new ArrayList<>();
        for (byte[] der : blocks(text, CERTIFICATE)) {
            try {
                found.add((X509Certificate)
                        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der)));
            } catch (CertificateException e) {
                throw new IdentityException("cannot read a certificate from PEM text: " + e.getMessage(), e);
            }
        }
        if (found.isEmpty()) {
            throw new IdentityException("the text holds no PEM block of type " + CERTIFICATE);
        }
        return List.copyOf(found);
    }

    /// The private key in the text, an EC key in PKCS#8.
    ///
    /// @throws IdentityException when there is none or it is broken
    public static PrivateKey privateKey(String text) {
        List<byte[]> found = blocks(text, KEY);
        if (found.isEmpty()) {
            throw new IdentityException("the text holds no PEM block of type " + KEY);
        }
        try {
            return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(found.getFirst()));
        } catch (GeneralSecurityException e) {
            throw new IdentityException("cannot read an EC private key from PEM text: " + e.getMessage(), e);
        }
    }

    static String block(String type, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    static List<byte[]> blocks(String text, String type) {
        if (text.length() > MAX_CHARS) {
            throw new IdentityException("PEM text of more than " + MAX_CHARS + " characters is not read");
        }
        String begin = "-----BEGIN " + type + "-----";
        String end = "-----END " + type + "-----";
        List<byte[]> found = new ArrayList<>();
        int from = 0;
        while (true) {
            int start = text.indexOf(begin, from);
            if (start < 0) {
                return found;
            }
            int stop = text.indexOf(end, start);
            if (stop < 0) {
                throw new IdentityException("a PEM block of type " + type + " has no end: the text was cut off");
            }
            try {
                found.add(Base64.getMimeDecoder()
                        .decode(text.substring(start + begin.length(), stop).getBytes(StandardCharsets.US_ASCII)));
            } catch (IllegalArgumentException e) {
                throw new IdentityException("a PEM block of type " + type + " is not base64: " + e.getMessage(), e);
            }
            from = stop + end.length();
        }
    }
}
