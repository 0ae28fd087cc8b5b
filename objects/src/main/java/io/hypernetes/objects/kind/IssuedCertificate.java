package io.hypernetes.objects.kind;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a signer may issue: PEM blocks that are certificates, as upstream's `validateCertificate`.
final class IssuedCertificate {
    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([^-\n]{1,64})-----\\R([^-]*)-----END \\1-----");

    private IssuedCertificate() {}

    /// What is wrong with it; empty when nothing is.
    static String problem(byte[] pem) {
        Matcher block = BLOCK.matcher(new String(pem, StandardCharsets.ISO_8859_1));
        int blocks = 0;
        while (block.find()) {
            if (!block.group(1).equals("CERTIFICATE")) {
                return "only CERTIFICATE PEM blocks are allowed, found \"" + block.group(1) + "\"";
            }
            if (block.group(2).contains(":")) {
                return "no PEM block headers are permitted";
            }
            blocks++;
            try {
                byte[] der = Base64.getMimeDecoder().decode(block.group(2));
                if (CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(der)).isEmpty()) {
                    return "found CERTIFICATE PEM block containing 0 certificates";
                }
            } catch (CertificateException | IllegalArgumentException e) {
                return "x509: malformed certificate";
            }
        }
        return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : "";
    }
}
