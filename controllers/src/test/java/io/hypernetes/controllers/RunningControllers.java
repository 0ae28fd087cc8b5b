package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ManualClock;
import io.hypernetes.identity.CertificateAuthority;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// All controllers over an API of their own, for each test anew.
abstract class RunningControllers {
    @TempDir
    Path folder;

    final FakeApi api = new FakeApi();
    final Client client = api.client();
    final ManualClock clock = new ManualClock(Instant.now());
    final SecureRandom random = new SecureRandom();
    CertificateAuthority authority;
    CertificateAuthority acme;
    final Informers informers = new Informers(client);
    Controllers controllers;

    @BeforeEach
    void start() {
        authority = CertificateAuthority.openOrCreate(folder.resolve("ca"), "root", clock, random);
        acme = CertificateAuthority.openOrCreate(folder.resolve("acme"), "acme", clock, random);
        controllers = new Controllers(client, informers, ControllerSettings.ordinary("10.88.0.0/16").withReserved(Set.of("kubernetes", "192.0.2.1")), Map.of("root", authority, "acme", acme)::get, clock).start();
        informers.start();
    }

    @AfterEach
    void stop() {
        controllers.close();
        informers.close();
        client.close();
        api.close();
    }

    void node(String name, String ready) {
        client.of(Kind.NODE).create("root", new NodeBuilder()
                .withNewMetadata().withName(name).endMetadata()
                .withNewSpec().endSpec()
                .withNewStatus()
                .addNewAddress().withType("InternalIP").withAddress("192.0.2.7").endAddress()
                .addNewAddress().withType("Hostname").withAddress("kubernetes.default").endAddress()
                .addToConditions(new NodeConditionBuilder().withType("Ready").withStatus(ready).build())
                .endStatus().build());
    }
}
