package io.hypernetes.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadyAuthoritiesTest {
    @TempDir
    Path folder;

    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock = () -> Instant.parse("2026-05-01T10:00:00Z");
    private final AtomicInteger made = new AtomicInteger();

    private ReadyAuthorities.Ready make() throws IOException {
        Path draft = folder.resolve(".ready-" + made.incrementAndGet());
        return new ReadyAuthorities.Ready(draft, CertificateAuthority.draft(draft, "x", clock, random));
    }

    @Test
    void whatIsTakenIsARenameAndIsMadeAnew() throws Exception {
        try (ReadyAuthorities ready = new ReadyAuthorities(2, this::make)) {
            ready.start();
            ready.awaitFull();
            assertThat(made).hasValue(2);

            CertificateAuthority taken = ready.take(folder.resolve("blue"));

            assertThat(taken).isNotNull();
            assertThat(CertificateAuthority.load(folder.resolve("blue"), clock, random).certificate()).isEqualTo(taken.certificate());
            ready.awaitFull();
            assertThat(made).hasValue(3);
        }
    }

    @Test
    void aPlaceThatIsTakenKeepsItsAuthority() throws Exception {
        CertificateAuthority first = CertificateAuthority.openOrCreate(folder.resolve("blue"), "x", clock, random);
        try (ReadyAuthorities ready = new ReadyAuthorities(1, this::make)) {
            ready.start();
            ready.awaitFull();
            assertThat(ready.take(folder.resolve("blue"))).isNull();
        }
        assertThat(CertificateAuthority.load(folder.resolve("blue"), clock, random).certificate()).isEqualTo(first.certificate());
    }

    @Test
    void afterAFailureOneIsTriedWhenOneIsAskedFor() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        try (ReadyAuthorities ready = new ReadyAuthorities(1, () -> {
            if (failed.getCount() > 0) {
                failed.countDown();
                throw new IOException("no space left");
            }
            return make();
        })) {
            ready.start();
            failed.await();
            assertThat(ready.take(folder.resolve("blue"))).isNull();
            ready.awaitFull();
            assertThat(ready.take(folder.resolve("blue"))).isNotNull();
        }
    }

    @Test
    void eachTenantHasOneOfItsOwnAndNothingElseIsLeftAtTheNextStart() throws Exception {
        Authorities authorities = Authorities.open(folder.resolve("pki"), clock, random);
        Map<String, X509Certificate> certificates = new HashMap<>();
        try (AutoCloseable _ = authorities.keepReady(2)) {
            for (String tenant : List.of("a", "b", "c", "d", "e", "f")) {
                certificates.put(tenant, authorities.tenant(tenant).certificate());
            }
            authorities.delete("c");
            certificates.put("c", authorities.tenant("c").certificate());
        }
        certificates.put("g", authorities.tenant("g").certificate());
        assertThat(new HashSet<>(certificates.values())).hasSize(7);

        Authorities again = Authorities.open(folder.resolve("pki"), clock, random);

        assertThat(again.tenantNames()).isEqualTo(certificates.keySet());
        certificates.forEach((tenant, certificate) -> assertThat(again.tenant(tenant).certificate()).isEqualTo(certificate));
        List<String> left = new ArrayList<>();
        try (Stream<Path> list = Files.list(folder.resolve("pki/tenants"))) {
            list.forEach(each -> left.add(String.valueOf(each.getFileName())));
        }
        assertThat(left).containsExactlyInAnyOrderElementsOf(certificates.keySet());
    }
}
