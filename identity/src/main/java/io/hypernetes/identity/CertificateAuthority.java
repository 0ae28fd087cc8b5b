package io.hypernetes.identity;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;

/// Issues certificates with a key of its own (ECDSA P-256). Thread-safe.
///
/// Its folder holds `ca.key` and `ca.crt`, mode 0600. Creation is one rename: after a crash the folder is whole or absent.
public final class CertificateAuthority {
    private static final String KEY_FILE = "ca.key";
    static final String CERTIFICATE_FILE = "ca.crt";
    private static final String CHECKED_FILE = "checked";

    private final PrivateKey key;
    private final X509Certificate certificate;
    private final CertificateMaker maker;
    private final SecureRandom random;

    private CertificateAuthority(PrivateKey key, X509Certificate certificate, InstantSource clock, SecureRandom random) {
        this.key = key;
        this.certificate = certificate;
        this.random = random;
        this.maker = new CertificateMaker(clock, random);
    }

    /// Loads the authority in `folder`, or creates it there, valid for ten years.
    ///
    /// @param name the common name of a new authority
    /// @throws IdentityException when the folder can be neither read nor made
    public static CertificateAuthority openOrCreate(Path folder, String name, InstantSource clock, SecureRandom random) {
        if (Files.exists(folder)) {
            return load(folder, new CheckedFiles(folder.resolve(CHECKED_FILE)), clock, random);
        }
        try {
            return create(folder, name, clock, random);
        } catch (IOException e) {
            throw new IdentityException("cannot create the certificate authority " + name + " in " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Loads the authority in `folder`.
    ///
    /// @throws IdentityException when it is not there, broken, or its key does not fit its certificate
    public static CertificateAuthority load(Path folder, InstantSource clock, SecureRandom random) {
        return load(folder, CheckedFiles.never(), clock, random);
    }

    private static CertificateAuthority load(Path folder, CheckedFiles checked, InstantSource clock, SecureRandom random) {
        try {
            String keyPem = Files.readString(folder.resolve(KEY_FILE));
            String certificatePem = Files.readString(folder.resolve(CERTIFICATE_FILE));
            PrivateKey key = Pem.privateKey(keyPem);
            X509Certificate certificate = Pem.certificates(certificatePem).getFirst();
            if (!checked.good(List.of(keyPem, certificatePem), () -> CertificateMaker.fits(key, certificate.getPublicKey()))) {
                throw new IdentityException("the key " + folder.resolve(KEY_FILE) + " does not belong to the certificate beside it:"
                        + " restore both from one backup, or remove the folder to start with a new authority");
            }
            return new CertificateAuthority(key, certificate, clock, random);
        } catch (IOException e) {
            throw new IdentityException("cannot read the certificate authority in " + folder + ": " + e, e);
        }
    }

    /// The certificate of the authority in `folder` as PEM text, without the key.
    ///
    /// @throws IdentityException when it cannot be read
    static String certificatePem(Path folder) {
        try {
            return Files.readString(folder.resolve(CERTIFICATE_FILE));
        } catch (IOException e) {
            throw new IdentityException("cannot read the certificate of the authority in " + folder + ": " + e, e);
        }
    }

    private static CertificateAuthority create(Path folder, String name, InstantSource clock, SecureRandom random)
            throws IOException {
        Path parent = folder.toAbsolutePath().normalize().getParent();
        if (parent == null) {
            throw new IOException(folder + " has no parent folder");
        }
        SecretFiles.folder(parent);
        byte[] mark = new byte[8];
        random.nextBytes(mark);
        Path draft = parent.resolve(".new-" + folder.getFileName() + "-" + HexFormat.of().formatHex(mark));
        try {
            CertificateAuthority made = draft(draft, name, clock, random);
            // Someone else was faster: theirs is the one.
            return put(draft, folder) ? made : load(folder, clock, random);
        } finally {
            SecretFiles.remove(draft);
        }
    }

    /// Makes an authority in a folder nobody looks into yet; durable but for the folder's own name.
    static CertificateAuthority draft(Path folder, String name, InstantSource clock, SecureRandom random) throws IOException {
        SecretFiles.folder(folder);
        KeyPair pair = newKeyPair(random);
        X509Certificate certificate = new CertificateMaker(clock, random).authority(name, pair);
        SecretFiles.write(folder.resolve(KEY_FILE), Pem.encode(pair.getPrivate()));
        SecretFiles.write(folder.resolve(CERTIFICATE_FILE), Pem.encode(certificate));
        SecretFiles.sync(folder);
        return new CertificateAuthority(pair.getPrivate(), certificate, clock, random);
    }

    /// Gives a draft its place, durably and in one step; false when there is an authority at that place already, which stays.
    static boolean put(Path draft, Path folder) throws IOException {
        try {
            Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw e;
        } catch (FileSystemException e) {
            if (Files.exists(folder.resolve(CERTIFICATE_FILE))) {
                return false;
            }
            throw e;
        }
        SecretFiles.sync(folder.toAbsolutePath().resolveSibling(""));
        return true;
    }

    /// Its own certificate: what others must trust to believe what it signs.
    public X509Certificate certificate() {
        return certificate;
    }

    /// Its own certificate as PEM text.
    public String certificatePem() {
        return Pem.encode(certificate);
    }

    /// A new key and a certificate for it; the chain ends with the authority's own certificate.
    public KeyedCertificate issue(CertificateSpec spec) {
        KeyPair pair = newKeyPair(random);
        return new KeyedCertificate(pair.getPrivate(), List.of(sign(pair.getPublic(), spec), certificate));
    }

    /// As [#issue], with an RSA key of 2,048 bits: of all kinds of key only this one is read by every client library (fabric8's takes
    /// what it finds in a kubeconfig for RSA). Takes a tenth of a second or more.
    public KeyedCertificate issueRsa(CertificateSpec spec) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048, random);
            KeyPair pair = generator.generateKeyPair();
            return new KeyedCertificate(pair.getPrivate(), List.of(sign(pair.getPublic(), spec), certificate));
        } catch (GeneralSecurityException e) {
            throw new IdentityException("this JDK cannot make RSA keys: " + e.getMessage(), e);
        }
    }

    /// A certificate for a key that someone else holds.
    public X509Certificate sign(PublicKey subjectKey, CertificateSpec spec) {
        return maker.leaf(subjectKey, spec, key, certificate);
    }

    /// A certificate for the key of a PKCS#10 request. Of the request only the key is believed; all else is the caller's.
    public X509Certificate sign(SigningRequest request, CertificateSpec spec) {
        return sign(request.publicKey(), spec);
    }

    /// A new ECDSA P-256 key pair.
    public static KeyPair newKeyPair(SecureRandom random) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IdentityException("this JDK cannot make ECDSA P-256 keys: " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return "CertificateAuthority[" + certificate.getSubjectX500Principal() + "]";
    }
}
