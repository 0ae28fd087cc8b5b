package io.hypernetes.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.Authorities;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.FileLock;
import io.hypernetes.linux.SparseFile;
import io.hypernetes.objects.Json;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `hypernetes backup` and `restore` where no master runs.
class BackupTest {
    @TempDir
    Path folder;

    private record Said(int code, String text) {}

    private Said hypernetes(String... arguments) {
        var text = new ByteArrayOutputStream();
        PrintStream out = System.out;
        PrintStream err = System.err;
        try (var stream = new PrintStream(text, true, UTF_8)) {
            System.setOut(stream);
            System.setErr(stream);
            return new Said(Hypernetes.line().execute(arguments), text.toString(UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private EmbeddedStore open(Path root) {
        Places places = Places.below(root);
        return EmbeddedStore.open(places.masterState().resolve("store"), EmbeddedSettings.defaults().withNativeFolder(folder.resolve("native"))
                .withKeys(MasterProcess.keys(places, Settings.read(places.config(), List.of()), new SecureRandom())));
    }

    private Page cluster(Path root) throws IOException {
        Places places = Places.below(root);
        Files.createDirectories(places.masterState());
        Files.writeString(places.config(), "api-port: 7443\n");
        Authorities authorities = Authorities.open(places.pki(), Clock.systemUTC(), new SecureRandom());
        authorities.tenant("acme");
        authorities.tokenKey("acme");
        try (EmbeddedStore store = open(root)) {
            store.commit(List.of(Operation.create("/acme/core/secrets/default/s", "the secret".getBytes(UTF_8)), Operation.create(TenantState.key("acme"), "{}".getBytes(UTF_8))));
            return store.list("", "", 0);
        }
    }

    @Test
    void aMasterIsMadeAnewOfABackupOfEverything() throws IOException {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Page before = cluster(one);
        Path file = folder.resolve("monday");
        Path passphrase = Files.writeString(folder.resolve("passphrase"), "correct horse battery\n");
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString(), "--passphrase-file", passphrase.toString()))
                .satisfies(said -> assertThat(said.text()).contains("backup of everything", "2 entries", "read again and found good").doesNotContain("not locked"))
                .extracting(Said::code).isEqualTo(0);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString()).text()).contains("is there already");

        assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).text()).contains("--passphrase-file");
        assertThat(hypernetes("restore", file.toString(), "--root", one.toString(), "--passphrase-file", passphrase.toString()))
                .isEqualTo(new Said(64, "hypernetes: there is a master here already (" + Places.below(one).masterState()
                        + "); a backup of everything is restored only where there is none. Move that folder away, or use --root, or --tenant for one tenant of it\n"));
        Said restored = hypernetes("restore", file.toString(), "--root", two.toString(), "--passphrase-file", passphrase.toString());
        assertThat(restored.text()).contains("restored everything");
        assertThat(restored.code()).isZero();
        try (EmbeddedStore store = open(two)) {
            assertThat(store.list("", "", 0).entries()).usingRecursiveFieldByFieldElementComparator().isEqualTo(before.entries());
        }
        assertThat(Authorities.files(Places.below(two).pki())).usingRecursiveComparison().isEqualTo(Authorities.files(Places.below(one).pki()));
        assertThat(Authorities.files(Places.below(two).pki())).containsOnlyKeys(
                "root/ca.crt", "root/ca.key", "tenants/acme/ca.crt", "tenants/acme/ca.key", "tenants/acme/token.key");
        assertThat(Places.below(two).config()).hasContent("api-port: 7443");
    }

    @Test
    void volumesThatAreNotInItAreNamed() throws IOException {
        Path one = folder.resolve("one");
        cluster(one);
        try (EmbeddedStore store = open(one)) {
            store.commit(List.of(
                    Operation.create("/acme/core/persistentvolumes//pvc-1", "{\"spec\":{\"claimRef\":{\"namespace\":\"shop\",\"name\":\"data\"}}}".getBytes(UTF_8)),
                    // A kind of the tenant's own is no volume, whatever it is called.
                    Operation.create("/acme/example.com/core/persistentvolumes/fake", "{\"spec\":{\"claimRef\":{\"namespace\":\"shop\",\"name\":\"fake\"}}}".getBytes(UTF_8))));
        }
        Path file = folder.resolve("backup");
        String named = "Not in it is what is on 1 volume, on its node; copy it yourself:\n  tenant acme: pvc-1, claim shop/data\n";
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString()).text()).contains(named);
        assertThat(hypernetes("restore", "--check", file.toString()).text()).contains(named);
    }

    /// What a tenant calls the claim of a volume is printed where an operator looks, and not obeyed by his terminal.
    @Test
    void namesThatATenantMadeUpAreOnlyShown() throws IOException {
        Path one = folder.resolve("one");
        cluster(one);
        try (EmbeddedStore store = open(one)) {
            store.commit(List.of(Operation.create("/acme/core/persistentvolumes//pvc-1",
                    "{\"spec\":{\"claimRef\":{\"namespace\":\"a\\u001b[2J\",\"name\":\"b\\nroot: ok\\u202e\\u009b\\u2028%s\"}}}".formatted("x".repeat(100_000)).getBytes(UTF_8))));
        }
        Path file = folder.resolve("backup");
        String text = hypernetes("backup", file.toString(), "--root", one.toString()).text();
        assertThat(text).contains("tenant acme: pvc-1, claim a?[2J/b?root: ok???xxx").hasSizeLessThan(2000);
    }

    private void volume(Path root, String tenant, String name, String handle) throws IOException {
        try (EmbeddedStore store = open(root)) {
            store.commit(List.of(Operation.create("/" + tenant + "/core/persistentvolumes//" + name, """
                    {"spec":{"csi":{"driver":"local.hypernetes.io","volumeHandle":"%s","volumeAttributes":{"node":"here"}},"claimRef":{"namespace":"shop","name":"of-%s"}}}
                    """.formatted(handle, name).getBytes(UTF_8))));
        }
    }

    private Path disk(Path root, String tenant, String name) throws IOException {
        Path file = Places.below(root).disks().resolve(tenant).resolve(name + ".disk");
        Files.createDirectories(file.getParent());
        volume(root, tenant, name, name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            // More than one part, holes before, between and after.
            for (long offset : new long[] {1 << 20, 600 << 20}) {
                byte[] content = new byte[700_000];
                new Random(offset).nextBytes(content);
                channel.write(ByteBuffer.wrap(content), offset);
            }
            channel.write(ByteBuffer.wrap(new byte[1]), (1L << 30) - 1);
        }
        return file;
    }

    @Test
    void disksOfClaimsComeBackAsTheyWere() throws IOException {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        cluster(one);
        Path kept = disk(one, "acme", "kept");
        Path busy = disk(one, "acme", "busy");
        volume(one, "acme", "the-same", "kept");
        Path stranger = Files.writeString(kept.resolveSibling("stranger.disk"), "no PersistentVolume describes it");
        Path file = folder.resolve("backup");
        try (FileLock _ = FileLock.tryLock(busy).orElseThrow()) {
            Said said = hypernetes("backup", file.toString(), "--root", one.toString(), "--with-disks");
            assertThat(said.text()).contains("1 disk", "Not in it is what is on 1 volume", "tenant acme: busy, claim shop/of-busy", "Pods run with 1 of these");
            assertThat(said.code()).isZero();
        }
        assertThat(Files.size(file)).isBetween(1_400_000L, 1_600_000L);
        assertThat(hypernetes("restore", "--check", file.toString()).text()).contains("1 disk", "Not in it is what is on 1 volume").doesNotContain("of-kept");

        assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).text()).contains("restored everything").doesNotContain("keeping");
        Path restored = Places.below(two).disks().resolve("acme/kept.disk");
        assertThat(SparseFile.digest(restored)).isEqualTo(SparseFile.digest(kept));
        assertThat(Files.size(restored)).isEqualTo(1L << 30);
        int descriptor = Descriptors.openForReading(restored);
        assertThat(Descriptors.allocatedBytes(descriptor)).isLessThan(4 << 20);
        Descriptors.close(descriptor);
        try (Stream<Path> all = Files.list(restored.getParent())) {
            assertThat(all).containsExactly(restored);
        }

        // A node that outlived its master has newer data than the backup.
        Path three = folder.resolve("three");
        Path newer = Places.below(three).disks().resolve("acme/kept.disk");
        Files.createDirectories(newer.getParent());
        Files.writeString(newer, "newer");
        assertThat(hypernetes("restore", file.toString(), "--root", three.toString()).text()).contains("keeping 1 disk that is on this machine already");
        assertThat(newer).hasContent("newer");
        assertThat(stranger).exists();
    }

    @Test
    void disksAreGivenTheirNamesAllOrNone() throws IOException {
        byte[] content = {1, 2, 3};
        Path disks = folder.resolve("disks");
        byte[] digest = SparseFile.digest(Files.write(folder.resolve("same"), content));
        try (DiskRestore restore = new DiskRestore(disks)) {
            for (String name : List.of("acme/one.disk", "acme/two.disk")) {
                restore.add(new BackupItem.DiskPart(name, 0, content));
                restore.add(new BackupItem.DiskEnd(name, content.length, digest));
            }
            assertThatThrownBy(() -> restore.add(new BackupItem.DiskPart("acme/one.disk", 0, content))).isInstanceOf(IOException.class).hasMessageContaining("twice");
            Files.writeString(disks.resolve("acme/two.disk"), "somebody else's");
            assertThatThrownBy(restore::place).isInstanceOf(IOException.class).hasMessageContaining("has been made by another");
        }
        assertThat(disks.resolve("acme/two.disk")).hasContent("somebody else's");
        try (Stream<Path> left = Files.list(disks.resolve("acme"))) {
            assertThat(left).containsExactly(disks.resolve("acme/two.disk"));
        }
    }

    @Test
    void aTenantComesBackIntoARunningClusterWithItsDisks() throws Exception {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Path file = folder.resolve("acme");
        String name;
        try (Master former = new Master(one); Client client = former.client()) {
            name = "acme." + client.of(Kind.TENANT).create(ObjectKey.ROOT, acme()).getMetadata().getUid() + "/kept.disk";
            Path disk = Places.below(one).disks().resolve(name);
            Files.createDirectories(disk.getParent());
            Files.write(disk, new byte[] {1, 2, 3});
            client.of(Kind.PERSISTENT_VOLUME).create("acme", new PersistentVolumeBuilder()
                    .withNewMetadata().withName("kept").endMetadata()
                    .withNewSpec()
                    .withCapacity(Map.of("storage", new Quantity("1Gi")))
                    .withAccessModes("ReadWriteOnce")
                    .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("kept").withVolumeAttributes(Map.of(LocalVolume.NODE, "here")).endCsi()
                    .endSpec()
                    .build());
            assertThat(hypernetes(former.with("backup", file.toString(), "--tenant", "acme", "--with-disks")).text()).contains("1 disk");
        }
        try (Master running = new Master(two)) {
            assertThat(hypernetes(running.with("restore", file.toString())).text()).contains("tenant acme restored");
            Path restored = Places.below(two).disks().resolve(name);
            assertThat(restored).hasBinaryContent(new byte[] {1, 2, 3});
            // Refused, as the tenant is there: then its disks are those that it has.
            Files.delete(restored);
            assertThat(hypernetes(running.with("restore", file.toString())).text()).contains("there is a tenant of that name");
            assertThat(restored).doesNotExist();
        }
    }

    private static GenericKubernetesResource acme() {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion(Kind.TENANT.apiVersion());
        tenant.setKind(Kind.TENANT.kind());
        tenant.setMetadata(new ObjectMetaBuilder().withName("acme").build());
        return tenant;
    }

    @Test
    void ofNoNodeARestoredMasterBelievesThatItIsReady() throws IOException {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Path file = folder.resolve("backup");
        cluster(one);
        try (EmbeddedStore store = open(one)) {
            store.commit(List.of(new Operation.Put("/root/core/nodes//worker", Operation.ABSENT, StoredForm.encoder(Json.readObject("""
                    {"apiVersion":"v1","kind":"Node","metadata":{"name":"worker"},"status":{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}}
                    """.getBytes(UTF_8))))));
        }
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString()).code()).isZero();
        assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).code()).isZero();
        try (EmbeddedStore store = open(two)) {
            var entry = store.get("/root/core/nodes//worker").orElseThrow();
            var node = Json.readObject(entry.value());
            assertThat(node.at("/status/conditions/0/status").asString()).isEqualTo("Unknown");
            assertThat(node.at("/status/conditions/0/reason").asString()).isEqualTo("NodeStatusUnknown");
            assertThat(node.at("/metadata/resourceVersion").asString()).isEqualTo(Long.toString(entry.revision()));
        }
    }

    @Test
    void aMasterThatWasMadeAnewServesWhatTheFormerHeld() throws Exception {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        Path file = folder.resolve("backup");
        String uid;
        try (Master former = new Master(one); Client client = former.client()) {
            client.of(Kind.TENANT).create(ObjectKey.ROOT, acme());
            client.of(Kind.CONFIG_MAP).create("acme", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("kept").endMetadata().withData(Map.of("a", "b")).build());
            uid = client.of(Kind.NAMESPACE).get(new ObjectKey("acme", "", "default")).getMetadata().getUid();
            assertThat(hypernetes(former.with("backup", file.toString())).text()).contains("found good");
            client.of(Kind.CONFIG_MAP).create("acme", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("later").endMetadata().build());
        }
        assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).code()).isZero();
        try (Master restored = new Master(two); Client client = restored.client()) {
            assertThat(client.of(Kind.CONFIG_MAP).get(new ObjectKey("acme", "default", "kept")).getData()).containsEntry("a", "b");
            assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("acme", "default", "later"))).isEmpty();
            assertThat(client.of(Kind.NAMESPACE).get(new ObjectKey("acme", "", "default")).getMetadata().getUid()).isEqualTo(uid);
            client.of(Kind.CONFIG_MAP).create("acme", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("later").endMetadata().build());
        }
    }

    /// A master in this process, on a port of its own.
    private static final class Master implements AutoCloseable {
        private final Places places;
        private final Settings settings;
        private final List<String> flags;
        private final MasterProcess process;
        private final ProcessLock lock;

        Master(Path root) throws Exception {
            try (ServerSocket free = new ServerSocket(0)) {
                flags = List.of("--root", root.toString(), "--set", "api-address=127.0.0.1", "--set", "api-port=" + free.getLocalPort(), "--set", "metrics-address=");
            }
            places = Places.below(root);
            settings = Settings.read(places.config(), flags.stream().filter(flag -> flag.contains("=")).toList());
            Files.createDirectories(places.run());
            lock = ProcessLock.take(places.lockOf("master"), "master");
            process = new MasterProcess(places, settings);
        }

        Client client() {
            return OperatorAccess.open(places, settings).client();
        }

        String[] with(String... arguments) {
            return Stream.concat(Stream.of(arguments), flags.stream()).toArray(String[]::new);
        }

        @Override
        public void close() throws Exception {
            process.close();
            lock.close();
        }
    }

    @Test
    void aDamagedOneMakesNothing() throws IOException {
        Path one = folder.resolve("one");
        cluster(one);
        Path file = folder.resolve("backup");
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString()).text()).contains("It is not locked");
        assertThat(hypernetes("restore", "--check", file.toString()).text()).contains("everything", "it is good");
        byte[] good = Files.readAllBytes(file);
        Path two = folder.resolve("two");
        for (int n = 1; n < 20; n++) {
            byte[] bad = good.clone();
            bad[n * (good.length / 20)] ^= 4;
            Files.write(file, bad);
            assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).code()).isNotZero();
            assertThat(Places.below(two).masterState()).doesNotExist();
        }
        Files.write(file, java.util.Arrays.copyOf(good, good.length - 1));
        assertThat(hypernetes("restore", "--check", file.toString()).text()).contains("cut short");
        // What a restore that was killed left is no hindrance.
        Files.createDirectories(two.resolve("lib/.master.restoring/keys"));
        Files.write(file, good);
        assertThat(hypernetes("restore", file.toString(), "--root", two.toString()).code()).isZero();
        assertThat(two.resolve("lib/.master.restoring")).doesNotExist();
    }

    @Test
    void oneTenantIsTakenAloneAndComesBackIntoARunningClusterOnly() throws IOException {
        Path one = folder.resolve("one");
        cluster(one);
        Path file = folder.resolve("acme");
        assertThat(hypernetes("backup", file.toString(), "--root", one.toString(), "--tenant", "acme").text()).contains("tenant acme", "2 entries, 3 files");
        assertThat(hypernetes("backup", folder.resolve("x").toString(), "--root", one.toString(), "--tenant", "bolt").text()).contains("there is no tenant 'bolt'");
        assertThat(folder.resolve("x")).doesNotExist();
        assertThat(hypernetes("restore", file.toString(), "--root", folder.resolve("two").toString()))
                .satisfies(said -> assertThat(said.text()).contains("none runs"))
                .extracting(Said::code).isEqualTo(69);
        assertThat(hypernetes("restore", file.toString(), "--tenant", "bolt").text()).contains("is a backup of tenant acme, not of bolt");
    }
}
