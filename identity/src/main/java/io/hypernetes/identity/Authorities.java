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
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.jspecify.annotations.Nullable;

/// All certificate authorities of one installation: the root cluster's, which also signs servers and nodes, and one for
/// the clients of each tenant. Thread-safe.
///
/// Folder: `root/` and `tenants/NAME/`. No authority vouches for another, so that trusting the root authority never means
/// trusting a tenant's.
///
/// Of a tenant only its name and the identifiers of its keys are kept in memory. The keys themselves are read when somebody first needs them, and
/// those of a few hundred tenants are kept: ten thousand idle ones cost next to nothing, at the start neither.
public final class Authorities {
    private static final Pattern TENANT_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private static final int MOST_READ = 512;
    private static final int LOCKS = 64;
    private static final String TOKEN_KEY = "token.key";
    /// The same for all: which tenant it is for is told by its key, and may be decided after it was made.
    private static final String TENANT_SUBJECT = "hypernetes tenant";
    private static final Pattern FILE = Pattern.compile("(root|tenants/" + TENANT_NAME.pattern() + ")/(ca\\.key|ca\\.crt|token\\.key)");

    private final Path folder;
    private final Path tenantsFolder;
    private final InstantSource clock;
    private final SecureRandom random;
    private final CertificateAuthority root;
    /// The key identifier of each tenant's authority, hexadecimal.
    private final Map<String, String> keyIds = new ConcurrentHashMap<>();
    private final Map<String, String> tenantByKeyId = new ConcurrentHashMap<>();
    private final Map<String, String> tokenKeyIds = new ConcurrentHashMap<>();
    private final Map<String, String> tenantByTokenKey = new ConcurrentHashMap<>();
    /// What was read of late.
    private final Map<String, CertificateAuthority> authorities = recent();
    private final Map<String, TokenKey> tokenKeys = recent();
    /// Held, the one of its name, while a tenant's files are made, read or removed.
    private final Object[] locks = Stream.generate(Object::new).limit(LOCKS).toArray();
    private final boolean owner;
    private volatile @Nullable ReadyAuthorities ready;

    private Authorities(Path folder, InstantSource clock, SecureRandom random, boolean owner) {
        this.owner = owner;
        this.folder = folder;
        this.tenantsFolder = folder.resolve("tenants");
        this.clock = clock;
        this.random = random;
        this.root = CertificateAuthority.openOrCreate(folder.resolve(Principal.ROOT), "hypernetes root", clock, random);
        tenantByKeyId.put(KeyIds.of(root.certificate()), Principal.ROOT);
        indexTokenKey(Principal.ROOT);
    }

    /// Opens the folder, creating what is missing; half-made and half-removed authorities of a crash are cleared away.
    ///
    /// @throws IdentityException when it cannot be read or written
    public static Authorities open(Path folder, InstantSource clock, SecureRandom random) {
        try {
            Authorities authorities = new Authorities(folder, clock, random, true);
            authorities.index();
            return authorities;
        } catch (IOException e) {
            throw new IdentityException("cannot open the certificate authorities in " + folder + ": " + e, e);
        }
    }

    /// Looks at a folder that another process has open: its authorities are found by the names of tenants, and nothing is cleared away, since
    /// what is half-made there may be in the making.
    ///
    /// @throws IdentityException when it cannot be read
    public static Authorities lookAt(Path folder, InstantSource clock, SecureRandom random) {
        return new Authorities(folder, clock, random, false);
    }

    private void index() throws IOException {
        SecretFiles.folder(tenantsFolder);
        List<Path> folders;
        try (Stream<Path> list = Files.list(tenantsFolder)) {
            folders = list.toList();
        }
        for (Path each : folders) {
            if (String.valueOf(each.getFileName()).startsWith(".")) {
                SecretFiles.remove(each);
            }
        }
        // Two files to be read for each, of ten thousand perhaps: a start waits for it.
        folders.parallelStream().map(each -> String.valueOf(each.getFileName())).filter(name -> !name.startsWith(".")).forEach(name -> {
            add(name, KeyIds.in(tenantsFolder.resolve(name)));
            indexTokenKey(name);
        });
    }

    /// The authority of the root cluster: operators, nodes, and every serving certificate.
    public CertificateAuthority root() {
        return root;
    }

    /// The authority for the clients of a tenant, created when there is none; `root` gives [#root].
    ///
    /// @throws IllegalArgumentException when the name is not a DNS label
    public CertificateAuthority tenant(String name) {
        CertificateAuthority known = find(name);
        if (known != null) {
            return known;
        }
        if (!TENANT_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("\"" + name + "\" cannot name a tenant: it must be a DNS label of at most 63 characters");
        }
        synchronized (lock(name)) {
            Path place = tenantsFolder.resolve(name);
            ReadyAuthorities stock = ready;
            CertificateAuthority taken = stock == null ? null : stock.take(place);
            CertificateAuthority created = taken == null ? CertificateAuthority.openOrCreate(place, TENANT_SUBJECT, clock, random) : taken;
            add(name, KeyIds.of(created.certificate()));
            authorities.put(name, created);
            return created;
        }
    }

    /// Keeps some authorities made for tenants to come, so that making one is a rename; a thread of its own makes what was taken anew. Until it is
    /// closed; then, and when none is ready, each is made when it is asked for.
    ///
    /// @param most how many, at least 1
    /// @throws IllegalStateException when some are kept already
    public AutoCloseable keepReady(int most) {
        ReadyAuthorities stock = new ReadyAuthorities(most, () -> {
            byte[] mark = new byte[8];
            random.nextBytes(mark);
            Path draft = tenantsFolder.resolve(".ready-" + HexFormat.of().formatHex(mark));
            boolean made = false;
            try {
                CertificateAuthority authority = CertificateAuthority.draft(draft, TENANT_SUBJECT, clock, random);
                made = true;
                return new ReadyAuthorities.Ready(draft, authority);
            } finally {
                if (!made) {
                    SecretFiles.remove(draft);
                }
            }
        });
        synchronized (this) {
            if (ready != null) {
                throw new IllegalStateException("authorities are kept ready already");
            }
            ready = stock;
        }
        stock.start();
        return () -> {
            synchronized (this) {
                ready = null;
            }
            stock.close();
        };
    }

    /// The authority of a tenant, or null when it has none.
    ///
    /// @throws IdentityException when its files are broken
    public @Nullable CertificateAuthority find(String name) {
        if (name.equals(Principal.ROOT)) {
            return root;
        }
        CertificateAuthority known = authorities.get(name);
        if (known != null) {
            return known;
        }
        synchronized (lock(name)) {
            if (!has(name)) {
                return null;
            }
            CertificateAuthority loaded = CertificateAuthority.load(tenantsFolder.resolve(name), clock, random);
            authorities.put(name, loaded);
            return loaded;
        }
    }

    /// The certificate of a tenant's authority as PEM text, if it has one. Reads nothing else of it, and keeps nothing: it may be asked of all tenants at once.
    ///
    /// @throws IdentityException when it cannot be read
    public Optional<String> certificatePem(String tenant) {
        if (tenant.equals(Principal.ROOT)) {
            return Optional.of(root.certificatePem());
        }
        synchronized (lock(tenant)) {
            return has(tenant) ? Optional.of(CertificateAuthority.certificatePem(tenantsFolder.resolve(tenant))) : Optional.empty();
        }
    }

    private boolean has(String tenant) {
        return owner ? keyIds.containsKey(tenant) : TENANT_NAME.matcher(tenant).matches() && Files.isDirectory(tenantsFolder.resolve(tenant));
    }

    private Object lock(String tenant) {
        return locks[Math.floorMod(tenant.hashCode(), locks.length)];
    }

    /// Destroys the authority of a tenant: nothing it signed is believed from now on. Absent is fine.
    ///
    /// @throws IllegalArgumentException for `root`
    public void delete(String name) {
        if (name.equals(Principal.ROOT)) {
            throw new IllegalArgumentException("the root authority cannot be deleted");
        }
        synchronized (lock(name)) {
            String gone = keyIds.remove(name);
            if (gone == null) {
                return;
            }
            tenantByKeyId.remove(gone);
            authorities.remove(name);
            String tokens = tokenKeyIds.remove(name);
            if (tokens != null) {
                tenantByTokenKey.remove(tokens);
            }
            tokenKeys.remove(name);
            remove(name);
        }
    }

    private void remove(String name) {
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
    public void restore(String tenant, Map<String, byte[]> files) {
        synchronized (lock(tenant)) {
            restored(tenant, files);
        }
    }

    private void restored(String tenant, Map<String, byte[]> files) {
        if (tenant.equals(Principal.ROOT) || has(tenant) || !TENANT_NAME.matcher(tenant).matches()) {
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
                add(tenant, KeyIds.of(authority.certificate()));
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

    private TokenKey makeTokenKey(String tenant) {
        synchronized (lock(tenant)) {
            TokenKey known = tokenKeys.get(tenant);
            if (known != null) {
                return known;
            }
            if (!tenant.equals(Principal.ROOT) && !has(tenant)) {
                throw new IllegalArgumentException("there is no tenant \"" + tenant + "\" to sign tokens for");
            }
            Path file = tokenKeyFile(tenant);
            return add(tenant, Files.exists(file) ? TokenKey.load(file) : TokenKey.create(file, random));
        }
    }

    /// The tenant whose tokens name the key `id`, or null. That the key signed a token is still to be checked.
    public @Nullable String tenantOfTokenKey(String id) {
        return tenantByTokenKey.get(id);
    }

    private void indexTokenKey(String tenant) {
        Path file = tokenKeyFile(tenant);
        if (Files.exists(file)) {
            String id = TokenKey.id(file);
            tokenKeyIds.put(tenant, id);
            tenantByTokenKey.put(id, tenant);
        }
    }

    private TokenKey add(String tenant, TokenKey key) {
        tokenKeys.put(tenant, key);
        tokenKeyIds.put(tenant, key.id());
        tenantByTokenKey.put(key.id(), tenant);
        return key;
    }

    private Path tokenKeyFile(String tenant) {
        return (tenant.equals(Principal.ROOT) ? folder.resolve(Principal.ROOT) : tenantsFolder.resolve(tenant)).resolve(TOKEN_KEY);
    }

    /// The tenants that have an authority of their own.
    public Set<String> tenantNames() {
        return Set.copyOf(keyIds.keySet());
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

    private void add(String name, String keyId) {
        keyIds.put(name, keyId);
        tenantByKeyId.put(keyId, name);
    }

    private static <T> Map<String, T> recent() {
        return Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, T> eldest) {
                return size() > MOST_READ;
            }
        });
    }
}
