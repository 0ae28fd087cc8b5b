package io.hypernetes.objects;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// The certificates of authorities that a client of webhooks trusts, as objects carry them (`caBundle`): PEM, its other blocks passed over.
public final class CaBundle {
    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String DASHES = "-----";

    private CaBundle() {}

    /// The certificates of a bundle; those that cannot be read are passed over while there are others.
    ///
    /// @param pem what the object has, after base64
    /// @throws IllegalArgumentException when there is none; the message says why, in upstream's words
    public static List<Certificate> read(byte[] pem) {
        var text = new String(pem, StandardCharsets.ISO_8859_1);
        var certificates = new ArrayList<Certificate>();
        var why = "unable to parse bytes as PEM block";
        int at = text.indexOf(BEGIN);
        while (at >= 0) {
            int name = at + BEGIN.length();
            int body = text.indexOf(DASHES, name);
            int end = body < 0 ? -1 : text.indexOf(END + text.substring(name, body) + DASHES, body);
            if (end < 0) {
                break;
            }
            if (text.startsWith("CERTIFICATE" + DASHES, name)) {
                try {
                    certificates.add(certificate(text.substring(body + DASHES.length(), end)));
                } catch (CertificateException | IllegalArgumentException e) {
                    why = "failed to parse certificate: " + e.getMessage();
                }
            } else {
                why = "no valid certificate authority data seen";
            }
            at = text.indexOf(BEGIN, end);
        }
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("unable to load root certificates: " + why);
        }
        return certificates;
    }

    private static Certificate certificate(String base64) throws CertificateException {
        var der = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
        return CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
    }

    /// Why a bundle is of no use, in upstream's words; empty when it can be used, as an absent one can.
    ///
    /// @param base64 the member of the object
    public static String fault(String base64) {
        if (base64.isEmpty()) {
            return "";
        }
        try {
            read(Base64.getMimeDecoder().decode(base64));
            return "";
        } catch (IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
