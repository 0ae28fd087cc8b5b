package io.hypernetes.objects.kind;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;

/// What a signer may issue: PEM blocks that are certificates, as upstream's `validateCertificate`.
final class IssuedCertificate {
    private IssuedCertificate() {}

    /// What is wrong with it; empty when nothing is.
    static String problem(byte[] pem) {
        String text = new String(pem, StandardCharsets.ISO_8859_1);
        int blocks = 0;
        for (PemBlock block = PemBlock.next(text, 0); block != null; block = PemBlock.next(text, block.end())) {
            if (!block.type().equals("CERTIFICATE")) {
                return "only CERTIFICATE PEM blocks are allowed, found \"" + block.type() + "\"";
            }
            if (block.isHeaded()) {
                return "no PEM block headers are permitted";
            }
            blocks++;
            try {
                if (CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(block.bytes())).isEmpty()) {
                    return "found CERTIFICATE PEM block containing 0 certificates";
                }
            } catch (CertificateException e) {
                return "x509: malformed certificate";
            }
        }
        return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : "";
    }
}
