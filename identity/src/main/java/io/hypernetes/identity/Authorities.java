package io.hypernetes.identity;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.jspecify.annotations.Nullable;

/// All certificate authorities of one installation: the root cluster's, which also signs servers and nodes, and one for
/// the clients of each tenant. Thread-safe.
///
/// Folder: `root/` and `tenants/NAME/`. No authority vouches for another, so that trusting the root authority never means
/// trusting a tenant's.
public final class Authorities {
    private static final Pattern TENANT_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private static final String TOKEN_KEY = "token.key";
    private static final Pattern FILE = Pattern.compile("(root|tenants/" + TENANT_NAME.pattern() + ")/(ca\\.key|ca\\.crt|token\\.key)");

    private final Path folder;
    private final Path tenantsFolder;
    private final InstantSource clock;
    private final SecureRandom random;
    private final CertificateAuthority root;
    private final Map<String, CertificateAuthority> tenants = new ConcurrentHashMap<>();
    /// The tenant of each authority by the hexadecimal key identifier.
    private final Map<String, String> tenantByKeyId = new ConcurrentHashMap<>();
    private final Map<String, TokenKey> tokenKeys = new ConcurrentHashMap<>();
    private final Map<String, String> tenantByTokenKey = new ConcurrentHashMap<>();

    private Authorities(Path folder, InstantSource clock, SecureRandom random) {
        this.folder = folder;
        this.tenantsFolder = folder.resolve("tenants");
        this.clock = clock;
        this.random = random;
        this.root = CertificateAuthority.openOrCreate(folder.resolve(Principal.ROOT), "hypernetes root", clock, random);
        tenantByKeyId.put(subjectKeyId(root.certificate()), Principal.ROOT);
        loadTokenKey(Principal.ROOT);
    }

    /// Opens the folder, creating what is missing; half-made and half-removed authorities of a crash are cleared away.
    ///
    /// @throws IdentityException when it cannot be read or written
    public static Authorities open(Path folder, InstantSource clock, SecureRandom random) {
        try {
            Authorities authorities = new Authorities(folder, clock, random);
            authorities.loadTenants();
            return authorities;
        } catch (IOException e) {
            throw new IdentityException("cannot open the certificate authorities in " + folder + ": " + e, e);
        }
    }

    private void loadTenants() throws IOException {
        SecretFiles.folder(tenantsFolder);
        List<Path> folders;
        try (Stream<Path> list = Files.list(tenantsFolder)) {
            folders = list.toList();
        }
        for (Path folder : folders) {
            String name = String.valueOf(folder.getFileName());
            if (name.startsWith(".")) {
                SecretFiles.remove(folder);
            } else {
                add(name, CertificateAuthority.load(folder, clock, random));
                loadTokenKey(name);
            }
        }
    }

    /// The authority of the root cluster: operators, nodes, and every serving certificate.
    public CertificateAuthority root() {
        return root;
    }

    /// The authority for the clients of a tenant, created when there is none; `root` gives [#root].
    ///
    /// @throws IllegalArgumentException when the name is not a DNS label
    public synchronized CertificateAuthority tenant(String name) {
        CertificateAuthority known = find(name);
        if (known != null) {
            return known;
        }
        if (!TENANT_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("\"" + name + "\" cannot name a tenant: it must be a DNS label of at most 63 characters");
        }
        CertificateAuthority created = CertificateAuthority.openOrCreate(
                tenantsFolder.resolve(name), "hypernetes tenant " + name, clock, random);
        add(name, created);
        return created;
    }

    /// The authority of a tenant, or null when it has none.
    public @Nullable CertificateAuthority find(String name) {
        return name.equals(Principal.ROOT) ? root : tenants.get(name);
    }

    /// Destroys the authority of a tenant: nothing it signed is believed from now on. Absent is fine.
    ///
    /// @throws IllegalArgumentException for `root`
    public synchronized void delete(String name) {
        if (name.equals(Principal.ROOT)) {
            throw new IllegalArgumentException("the root authority cannot be deleted");
        }
        CertificateAuthority gone = tenants.remove(name);
        if (gone == null) {
            return;
        }
        tenantByKeyId.remove(subjectKeyId(gone.certificate()));
        TokenKey tokens = tokenKeys.remove(name);
        if (tokens != null) {
            tenantByTokenKey.remove(tokens.id());
        }
        try {
            byte[] mark = new byte[8];
            random.nextBytes(mark);
            Path grave = tenantsFolder.resolve(".gone-" + name + "-" + HexFormat.of().formatHex(mark));
            Files.move(tenantsFolder.resolve(name), grave, StandardCopyOption.ATOMIC_MOVE);
            SecretFiles.sync(tenantsFolder);
            SecretFiles.remove(grave);
        } catch (IOException e) {
            throw new IdentityException("cannot remove the certificate authority of tenant " + name + ": " + e, e);
        }
    }

    /// The files of all authorities in a folder, of a half-made one none, by their names below it, as a backup keeps them.
    ///
    /// @throws IdentityException when they cannot be read
    public static Map<String, byte[]> files(Path folder) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder, 3)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = folder.relativize(file).toString();
                if (FILE.matcher(name).matches()) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
            return files;
        } catch (IOException | UncheckedIOException e) {
            throw new IdentityException("cannot read the certificate authorities in " + folder + ": " + e, e);
        }
    }

    /// Whether [#files] gives files of this name.
    public static boolean isFile(String name) {
        return FILE.matcher(name).matches();
    }

    /// Brings back the authority of a tenant that has none: what it signed is believed again.
    ///
    /// @param files as [#files] gave them, those of the tenant alone
    /// @throws IdentityException when the tenant has an authority, or the files are none of one
    public synchronized void restore(String tenant, Map<String, byte[]> files) {
        if (find(tenant) != null || !TENANT_NAME.matcher(tenant).matches()) {
            throw new IdentityException("the tenant " + tenant + " has a certificate authority; it is not written over");
        }
        byte[] mark = new byte[8];
        random.nextBytes(mark);
        Path draft = tenantsFolder.resolve(".new-" + tenant + "-" + HexFormat.of().formatHex(mark));
        try {
            SecretFiles.folder(draft);
            try {
                for (var file : files.entrySet()) {
                    String prefix = "tenants/" + tenant + "/";
                    if (!file.getKey().startsWith(prefix) || !isFile(file.getKey())) {
                        throw new IdentityException("\"" + file.getKey() + "\" is no file of the authority of tenant " + tenant);
                    }
                    SecretFiles.write(draft.resolve(file.getKey().substring(prefix.length())), new String(file.getValue(), UTF_8));
                }
                CertificateAuthority authority = CertificateAuthority.load(draft, clock, random);
                Path tokens = draft.resolve(TOKEN_KEY);
                TokenKey key = Files.exists(tokens) ? TokenKey.load(tokens) : null;
                SecretFiles.sync(draft);
                Files.move(draft, tenantsFolder.resolve(tenant), StandardCopyOption.ATOMIC_MOVE);
                SecretFiles.sync(tenantsFolder);
                add(tenant, authority);
                if (key != null) {
                    add(tenant, key);
                }
            } finally {
                SecretFiles.remove(draft);
            }
        } catch (IOException e) {
            throw new IdentityException("cannot bring back the certificate authority of tenant " + tenant + ": " + e, e);
        }
    }

    /// The key that signs the tokens of a tenant, made when it is first asked for.
    ///
    /// @throws IllegalArgumentException when there is no such tenant
    public TokenKey tokenKey(String tenant) {
        TokenKey known = tokenKeys.get(tenant);
        return known != null ? known : makeTokenKey(tenant);
    }

    private synchronized TokenKey makeTokenKey(String tenant) {
        TokenKey known = tokenKeys.get(tenant);
        if (known != null) {
            return known;
        }
        if (find(tenant) == null) {
            throw new IllegalArgumentException("there is no tenant \"" + tenant + "\" to sign tokens for");
        }
        return add(tenant, TokenKey.create(tokenKeyFile(tenant), random));
    }

    /// The tenant whose tokens name the key `id`, or null. That the key signed a token is still to be checked.
    public @Nullable String tenantOfTokenKey(String id) {
        return tenantByTokenKey.get(id);
    }

    private void loadTokenKey(String tenant) {
        Path file = tokenKeyFile(tenant);
        if (Files.exists(file)) {
            add(tenant, TokenKey.load(file));
        }
    }

    private TokenKey add(String tenant, TokenKey key) {
        tokenKeys.put(tenant, key);
        tenantByTokenKey.put(key.id(), tenant);
        return key;
    }

    private Path tokenKeyFile(String tenant) {
        return (tenant.equals(Principal.ROOT) ? folder.resolve(Principal.ROOT) : tenantsFolder.resolve(tenant)).resolve(TOKEN_KEY);
    }

    /// The tenants that have an authority of their own.
    public Set<String> tenantNames() {
        return Set.copyOf(tenants.keySet());
    }

    /// The tenant whose authority claims to have signed `certificate`, or null; the claim is not yet verified.
    @Nullable String claimedIssuer(X509Certificate certificate) {
        byte[] extension = certificate.getExtensionValue(Extension.authorityKeyIdentifier.getId());
        if (extension == null) {
            return null;
        }
        try {
            byte[] id = AuthorityKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(extension))
                    .getKeyIdentifierOctets();
            return id == null ? null : tenantByKeyId.get(HexFormat.of().formatHex(id));
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private void add(String name, CertificateAuthority authority) {
        tenants.put(name, authority);
        tenantByKeyId.put(subjectKeyId(authority.certificate()), name);
    }

    private static String subjectKeyId(X509Certificate certificate) {
        try {
            byte[] extension = certificate.getExtensionValue(Extension.subjectKeyIdentifier.getId());
            if (extension == null) {
                throw new IdentityException("the authority certificate of " + certificate.getSubjectX500Principal()
                        + " has no key identifier: it was not made by this software");
            }
            return HexFormat.of()
                    .formatHex(SubjectKeyIdentifier.getInstance(JcaX509ExtensionUtils.parseExtensionValue(extension))
                            .getKeyIdentifier());
        } catch (IOException e) {
            throw new IdentityException("cannot read the key identifier of " + certificate.getSubjectX500Principal(), e);
        }
    }
}
