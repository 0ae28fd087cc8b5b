package io.hypernetes.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.jspecify.annotations.Nullable;

/// The identifier of an authority's key, by which the certificates it signs name it: hexadecimal.
final class KeyIds {
    private KeyIds() {}

    /// Of an authority's certificate.
    static String of(X509Certificate certificate) {
        try {
            return of(certificate.getEncoded(), certificate.getSubjectX500Principal().toString());
        } catch (CertificateEncodingException e) {
            throw new IdentityException("cannot encode the certificate of " + certificate.getSubjectX500Principal(), e);
        }
    }

    /// Of the authority in a folder, of which nothing else is read.
    ///
    /// @throws IdentityException when there is none
    static String in(Path folder) {
        Path file = folder.resolve(CertificateAuthority.CERTIFICATE_FILE);
        try {
            List<byte[]> found = Pem.blocks(Files.readString(file), "CERTIFICATE");
            return found.isEmpty() ? of(null, file.toString()) : of(found.getFirst(), file.toString());
        } catch (IOException e) {
            throw new IdentityException("cannot read the certificate authority in " + folder + ": " + e, e);
        }
    }

    private static String of(byte @Nullable [] der, String whose) {
        try {
            var extensions = der == null ? null : Certificate.getInstance(der).getTBSCertificate().getExtensions();
            var id = extensions == null ? null : SubjectKeyIdentifier.fromExtensions(extensions);
            if (id != null) {
                return HexFormat.of().formatHex(id.getKeyIdentifier());
            }
        } catch (IllegalArgumentException e) {
            throw new IdentityException("the authority certificate of " + whose + " cannot be read: restore it from a backup", e);
        }
        throw new IdentityException("the authority certificate of " + whose + " has no key identifier: it was not made by this software");
    }
}
