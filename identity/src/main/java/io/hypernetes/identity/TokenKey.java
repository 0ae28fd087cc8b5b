package io.hypernetes.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/// The key with which one tenant's tokens are signed (ECDSA P-256 with SHA-256, `ES256` in the words of JWT). Thread-safe.
///
/// It is a key of its own, not the tenant's authority's: a token can then never be taken for a certificate, and either may be replaced alone.
public final class TokenKey {
    private static final String ALGORITHM = "SHA256withECDSAinP1363Format";
    private static final String PRIVATE = "PRIVATE KEY";
    private static final String PUBLIC = "PUBLIC KEY";

    private final PrivateKey privateKey;
    private final ECPublicKey publicKey;
    private final String id;

    private TokenKey(PrivateKey privateKey, ECPublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
        this.id = id(publicKey.getEncoded());
    }

    private static String id(byte[] publicKey) {
        try {
            return Base64.getUrlEncoder().withoutPadding().encodeToString(MessageDigest.getInstance("SHA-256").digest(publicKey));
        } catch (GeneralSecurityException e) {
            throw new IdentityException("this JDK has no SHA-256: " + e.getMessage(), e);
        }
    }

    /// The [#id] of the key in a file, of which nothing else is read.
    ///
    /// @throws IdentityException when there is none
    static String id(Path file) {
        try {
            var found = Pem.blocks(Files.readString(file), PUBLIC);
            if (found.isEmpty()) {
                throw new IdentityException("the token key " + file + " is broken: restore it from a backup, or remove it to start with a new key, which ends all tokens");
            }
            return id(found.getFirst());
        } catch (IOException e) {
            throw new IdentityException("cannot read the token key " + file + ": " + e, e);
        }
    }

    /// Makes a key and keeps it in `file`, mode 0600, in one step.
    static TokenKey create(Path file, SecureRandom random) {
        KeyPair pair = CertificateAuthority.newKeyPair(random);
        try {
            SecretFiles.replace(file, Pem.block(PRIVATE, pair.getPrivate().getEncoded()) + Pem.block(PUBLIC, pair.getPublic().getEncoded()));
        } catch (IOException e) {
            throw new IdentityException("cannot keep a new token key in " + file + ": " + e, e);
        }
        return new TokenKey(pair.getPrivate(), (ECPublicKey) pair.getPublic());
    }

    /// @throws IdentityException when the file is broken or its two keys do not belong together
    static TokenKey load(Path file) {
        try {
            String text = Files.readString(file);
            KeyFactory keys = KeyFactory.getInstance("EC");
            TokenKey loaded = new TokenKey(
                    keys.generatePrivate(new PKCS8EncodedKeySpec(Pem.blocks(text, PRIVATE).getFirst())),
                    (ECPublicKey) keys.generatePublic(new X509EncodedKeySpec(Pem.blocks(text, PUBLIC).getFirst())));
            if (!CertificateMaker.fits(loaded.privateKey, loaded.publicKey)) {
                throw new IdentityException("the two halves of the token key " + file + " do not belong together:"
                        + " restore it from a backup, or remove it to start with a new key, which ends all tokens");
            }
            return loaded;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            if (e instanceof IdentityException known) {
                throw known;
            }
            throw new IdentityException("cannot read the token key " + file + ": " + e, e);
        }
    }

    /// What tokens name it by (`kid`): a hash of the public key, in base64url.
    public String id() {
        return id;
    }

    /// For whoever checks tokens elsewhere.
    public PublicKey publicKey() {
        return publicKey;
    }

    /// The public key's point, each coordinate 32 bytes in base64url: `x` and `y` of a JSON web key.
    public String[] coordinates() {
        return new String[] {
            coordinate(publicKey.getW().getAffineX().toByteArray()), coordinate(publicKey.getW().getAffineY().toByteArray())
        };
    }

    /// The signature of `text`, 64 bytes.
    public byte[] sign(byte[] text) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(privateKey);
            signature.update(text);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IdentityException("cannot sign a token: " + e.getMessage(), e);
        }
    }

    /// Whether this key signed `text`; any other signature, of whatever length, is just not its own.
    public boolean signed(byte[] text, byte[] signature) {
        try {
            Signature check = Signature.getInstance(ALGORITHM);
            check.initVerify(publicKey);
            check.update(text);
            return check.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "TokenKey[" + id + "]";
    }

    private static String coordinate(byte[] number) {
        byte[] fixed = new byte[32];
        int length = Math.min(32, number.length);
        System.arraycopy(number, number.length - length, fixed, 32 - length, length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(fixed);
    }
}
